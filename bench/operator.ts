/**
 * The bench of the operator: `make bench-operator`, with WORKERS=<number> for another size than 1,000, MANY=<number> for
 * another than 5,000, and QUICK=1 to leave that one out. Writes bench/results/operator.json and docs/performance.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { openOperatorImage } from './operator/contained.ts';
import type { OperatorResults } from './operator/figures.ts';
import { measureFlood } from './operator/flood.ts';
import { measureLoad } from './operator/load.ts';
import { measurePeer, peerProgram } from './operator/peer.ts';
import { Report } from './operator/report.ts';
import { openStage, type Stage } from './operator/stage.ts';
import { measureWakes, quantile } from './operator/wake.ts';
import { applyAndWait, consumersEach } from './operator/workers.ts';
import { writePage } from './performance-page.ts';
import { residentMb } from './proc.ts';
import { significant } from './statistics.ts';

const quick = process.env['QUICK'] === '1';
const workers = Number(process.env['WORKERS'] ?? 1000);
/** PARTS=load,peer runs these alone and writes nothing: for who looks into one. */
const parts = process.env['PARTS']?.split(',');
const many = Number(process.env['MANY'] ?? 5000);
const wakes = 100;
const settleMs = 20_000;
const longestMs = (count: number): number => 300_000 + count * 1000;

if (process.getuid?.() !== 0) throw new Error('the operator runs inside its image: run this as root on Linux');
const report = new Report();
const about = { kubernetes: '', redis: '', peerRssMb: NaN };
const [image, peer] = [await openOperatorImage(), await peerProgram()];
try {
  await phase('load', workers * consumersEach, (stage) => measureLoad(report, stage, workers, longestMs(workers)));
  await phase('peer', workers * consumersEach, async (stage) => {
    const { seconds, rssMb } = await measurePeer(stage, peer, workers, longestMs(workers));
    report.keep({ secondsToReadyPeer: seconds });
    about.peerRssMb = significant(rssMb);
  });
  await phase('wake', workers, async (stage) => {
    const operator = await stage.startOperator();
    try {
      const took = await measureWakes(stage, workers, Math.min(wakes, workers), longestMs(workers));
      report.keep({ wakeDecisionMsP50: quantile(took, 0.5), wakeDecisionMsP99: quantile(took, 0.99) });
    } finally {
      await operator.stop(30_000);
    }
  });
  await phase('flood', 1, async (stage) => {
    const operator = await stage.startOperator();
    try {
      const { perSecond, cores, mbMore } = await measureFlood(stage, operator);
      report.keep({ floodPerSecond: perSecond, floodCores: cores, floodMbMore: mbMore });
    } finally {
      await operator.stop(30_000);
    }
  });
  if (!quick) {
    await phase('many', many * consumersEach, async (stage) => {
      const operator = await stage.startOperator();
      try {
        report.keep({ secondsToReady5000: await applyAndWait(stage.api, many, longestMs(many)) });
        await delay(settleMs);
        report.keep({ rssMb5000: residentMb(operator.pid) });
      } finally {
        await operator.stop(30_000);
      }
    });
  }
  if (parts === undefined) write();
} finally {
  image.remove();
}

/** On a stage of its own, so that no part finds what another has left. */
async function phase(name: string, pods: number, measure: (stage: Stage) => Promise<void>): Promise<void> {
  if (parts !== undefined && !parts.includes(name)) return;
  await report.part(name, async () => {
    const stage = await openStage(image, pods);
    try {
      await describe(stage);
      await measure(stage);
    } finally {
      await stage.stop();
    }
  });
}

async function describe({ api, redis }: Stage): Promise<void> {
  about.kubernetes = (await api.get('/version') as { gitVersion: string }).gitVersion;
  const [, version = ''] = /^redis_version:(\S+)/m.exec(await redis.client.info('server')) ?? [];
  about.redis = `Redis ${version}`;
}

function write(): void {
  const { peerRssMb, ...versions } = about;
  const results: OperatorResults = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    ...versions,
    quick,
    figures: report.figures,
    ...(Number.isNaN(peerRssMb) ? {} : { peerRssMb }),
    notMeasured: report.notMeasured,
  };
  mkdirSync(new URL('results', import.meta.url), { recursive: true });
  writeFileSync(new URL('results/operator.json', import.meta.url), `${JSON.stringify(results, undefined, 2)}\n`);
  writePage();
}
