/** Time from asking to the answer, one request at a time, as a caller sees it. */
import { performance } from 'node:perf_hooks';
import { freePort, type TestProcess } from '../test/support/processes.ts';
import { defaultGroup, replyListKey } from '../contract/keys.ts';
import { refOf, requestCommand, requestStream, type } from './requests.ts';
import { consumer, reset, type Stage, startOurs, startPeer } from './stage.ts';

/** Microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

const warmUp = 200;

/** Our runtime with the settings of a manifest that says nothing. */
export function latencyOfOurs(stage: Stage, samples: number): Promise<Latency> {
  return latency(stage, samples, async () => startOurs(stage, { port: stage.port, healthPort: await freePort() }));
}

/** The reference loop. */
export function latencyOfReference(stage: Stage, samples: number): Promise<Latency> {
  return latency(stage, samples, () => Promise.resolve(startPeer('deno', 'reference.ts', stage.port, type, consumer)));
}

/** A bare round trip: what machine and server take of it. */
export async function latencyOfPing({ client }: Stage, samples: number): Promise<Latency> {
  return sharesOf(await timesOf(samples, () => client.command('PING')));
}

async function latency(stage: Stage, samples: number, launch: () => Promise<TestProcess>): Promise<Latency> {
  const { client } = stage;
  await reset(client);
  await client.command('XGROUP', 'CREATE', requestStream, defaultGroup, '0', 'MKSTREAM');
  const worker = await launch();
  const times = await timesOf(samples, async (index) => {
    const [, answer] = await client.pipeline([requestCommand(index), ['BRPOP', replyListKey(refOf(index)), 10]]);
    if (answer === null) {
      throw new Error(`request ${index} got no answer; the worker printed:\n${worker.output().slice(-2000)}`);
    }
  });
  await worker.stop();
  return sharesOf(times);
}

/** Microseconds each, without those that warm up. */
async function timesOf(samples: number, once: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < warmUp + samples; index++) {
    const startedMs = performance.now();
    await once(index);
    if (index >= warmUp) times.push((performance.now() - startedMs) * 1000);
  }
  return times;
}

function sharesOf(times: readonly number[]): Latency {
  const sorted = [...times].sort((one, other) => one - other);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
}
