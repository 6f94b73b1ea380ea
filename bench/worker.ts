/** The bench of the Handler runtime: `make bench-worker`, or with `QUICK=1` a shorter one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type ColdStart, coldStart } from './cold-start.ts';
import { type Latency, latencyOfOurs, latencyOfReference } from './latency.ts';
import { writePage } from './performance-page.ts';
import { RawClient } from './raw-client.ts';
import { checkCounts, ratiosOf, type Results, type Round } from './results.ts';
import { type Sizes, sizesFrom } from './sizes.ts';
import { openStage, type Stage, startProxy } from './stage.ts';
import { significant, spread } from './statistics.ts';
import { measureBound, measureBullmq, type Measured, measureOurs, measureReference } from './throughput.ts';

const replyDelayMs = 2;
const quick = process.env['QUICK'] === '1';
const sizes = sizesFrom(process.env);
const stage = await openStage();
const proxy = await startProxy(stage.port, replyDelayMs);
try {
  const proxyPingMs = await pingMs(proxy.port);
  const coldStarts = await startRepeatedly(stage, sizes.coldStarts);
  const rounds: Round[] = [];
  while (rounds.length < sizes.rounds) rounds.push(await playRound(stage, sizes, rounds.length + 1));
  const ratios = ratiosOf(rounds, coldStarts);
  write({
    measured: new Date().toISOString().slice(0, 10),
    machine: machine(),
    server: stage.serverName,
    pinned: stage.pinned,
    quick,
    proxyPingMs,
    rounds,
    coldStarts,
    ratios,
  });
  say(JSON.stringify(ratios, undefined, 2));
} finally {
  await proxy.process.stop();
  await stage.stop();
}

/** Contenders that are compared with each other follow each other. */
async function playRound(on: Stage, { requests, delayed, latencySamples }: Sizes, number: number): Promise<Round> {
  const round: Round = {
    reference: await measureReference(on, requests.reference),
    ours: await measureOurs(on, requests.ours),
    bound: await measureBound(on, requests.bound),
    bullmq100: await measureBullmq(on, requests.bullmq100, 100),
    bullmq1: await measureBullmq(on, requests.bullmq1, 1),
    delayedReference: await measureReference(on, delayed.reference, proxy.port),
    delayedOurs: await measureOurs(on, delayed.ours, proxy.port),
    latencyReference: await latencyOfReference(on, latencySamples),
    latencyOurs: await latencyOfOurs(on, latencySamples),
  };
  checkCounts(round, number);
  const figures = (Object.entries(round) as [string, Measured | Latency][]).map(([name, one]) =>
    `${name} ${'perSecond' in one ? `${one.perSecond}/s` : `${one.p50} µs`}`
  );
  say(`round ${number}: ${figures.join(', ')}`);
  return round;
}

/** The first starts warm Deno's cache; the last three are left running to see their memory at rest. */
async function startRepeatedly(on: Stage, count: number): Promise<ColdStart[]> {
  for (let warmUp = 0; warmUp < 3; warmUp++) await coldStart(on, false);
  const starts: ColdStart[] = [];
  while (starts.length < count) starts.push(await coldStart(on, count - starts.length <= 3));
  say(`cold starts: ${starts.map(({ ms }) => ms).join(', ')} ms`);
  return starts;
}

async function pingMs(port: number): Promise<number> {
  const client = await RawClient.open(port);
  const times: number[] = [];
  for (let ping = 0; ping < 50; ping++) {
    const startedMs = performance.now();
    await client.command('PING');
    times.push(performance.now() - startedMs);
  }
  client.close();
  return significant(spread(times).median, 2);
}

function machine(): string {
  const [first, ...others] = cpus();
  return `${others.length + 1} × ${first?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB`;
}

function write(results: Results): void {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('worker.json', folder), `${JSON.stringify(results, undefined, 2)}\n`);
  writePage();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
