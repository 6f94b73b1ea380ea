/**
 * The start race: engines program the rules of a pod while it already runs. Pods of both runtimes whose first
 * instruction dials a forbidden pod and a forbidden host, behind the gate and, for comparison, without it.
 * The side with the gate gets ten waves of thirty pods, the other one wave, or each REDISWORKER_RACE_WAVES; with
 * REDISWORKER_RECORD what came of them is written into bench/results/start-race.json.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { openSite, type Site } from '../support/node/site.ts';
import {
  gatesThatSawOpen,
  openForbidden,
  type RaceResult,
  resultOf,
  startAgain,
  startRacers,
} from '../support/start-race.ts';

const results = join(import.meta.dirname, '../../bench/results/start-race.json');
const wavesOf = (usually: number): number => Number(process.env['REDISWORKER_RACE_WAVES'] ?? usually);
const [gatedWaves, ungatedWaves] = [wavesOf(10), wavesOf(1)];
const timeoutMs = (waves: number): number => 120_000 + waves * 180_000;

let site: Site | undefined;

async function race(canary: boolean, waves: number): Promise<RaceResult> {
  site = await openSite(sharedNode(), canary ? 'gated' : 'ungated');
  const forbidden = await openForbidden(site);
  await site.startOperator({ canary });
  await startRacers(site, forbidden);
  let sawOpen = await gatesThatSawOpen(site);
  for (let wave = 1; wave < waves; wave++) {
    await startAgain(site);
    sawOpen += await gatesThatSawOpen(site);
  }
  await Promise.all(forbidden.listeners.map((listener) => listener.stop()));
  return resultOf(site, forbidden, sawOpen);
}

function told({ starts, reachedPod, reachedHost, sawOpen }: RaceResult): string {
  return `${starts} starts, ${reachedPod} reached the forbidden pod, ${reachedHost} the forbidden host; ${sawOpen} gates found the network open for a moment`;
}

/** Writes one side beside what is known of the other. */
async function record(side: 'withGate' | 'withoutGate', result: RaceResult): Promise<void> {
  if (process.env['REDISWORKER_RECORD'] === undefined) return;
  const known = JSON.parse(await readFile(results, 'utf8').catch(() => '{}')) as object;
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
  const all = {
    ...known,
    engine: 'kube-router v2.10.0',
    podsAtOnce: 30,
    machine,
    [side]: { measured: new Date().toISOString().slice(0, 10), ...result },
  };
  await writeFile(results, `${JSON.stringify(all, undefined, 2)}\n`);
}

describeOnNode('user code that dials at once', () => {
  afterEach(() => site?.stop());

  test('reaches nothing that is forbidden when it has passed the gate', async () => {
    const gated = await race(true, gatedWaves);
    process.stdout.write(`with the gate: ${told(gated)}\n`);
    await record('withGate', gated);
    expect(gated).toMatchObject({ reachedPod: 0, reachedHost: 0 });
    expect(gated.starts).toBeGreaterThanOrEqual(gatedWaves * 30);
  }, timeoutMs(gatedWaves));

  test('depends on the engine alone without a gate, which is counted and not judged', async () => {
    const ungated = await race(false, ungatedWaves);
    process.stdout.write(`without the gate: ${told(ungated)}\n`);
    await record('withoutGate', ungated);
  }, timeoutMs(ungatedWaves));
});
