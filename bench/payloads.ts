/** Large requests and replies: what our runtime moves, beside what the server moves by plain SET and GET. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { defaultGroup } from '../contract/keys.ts';
import { freePort } from '../test/support/processes.ts';
import { peakMb } from './proc.ts';
import { acknowledgedBy } from './progress.ts';
import { audit, preload, requestStream } from './requests.ts';
import { run } from './run.ts';
import { reset, type Stage, startOurs } from './stage.ts';

/** What was found of requests of one size, answered with as much. */
export interface PayloadRun {
  /** Of a request's data, and of its reply's. */
  readonly bytes: number;
  readonly requests: number;
  readonly perSecond: number;
  /** What went to the server and came from it, in MB (10^6 bytes) per second. */
  readonly mbPerSecond: number;
  /** The same of redis-benchmark with values of that size, one SET for each GET; absent where there is no such program. */
  readonly copyMbPerSecond?: number;
  /** Most memory the worker ever took, in MB. */
  readonly peakMb: number;
}

/** MiB of the heap of a pod that says nothing, whose memory is 128 MiB. */
const heapMiB = 64;
/** Connections of redis-benchmark: as many as requests run at once where a manifest says nothing. */
const copyClients = 16;
const copyDeadlineMs = 120_000; // it waits for a server that is gone, for ever

/** Our runtime with the settings of a manifest that says nothing, and a handler that gives back what it got. */
export async function measurePayloads(stage: Stage, bytes: number, requests: number): Promise<PayloadRun> {
  const { client, port } = stage;
  const data = JSON.stringify('x'.repeat(bytes - 2));
  const moved = async () => bytesIn(String(await client.command('INFO', 'stats')));
  let [before, after, peak] = [0, 0, NaN];
  const { perSecond } = await run(stage, requests, {
    async fill() {
      await reset(client);
      await preload(client, requests, undefined, () => data);
    },
    async launch() {
      before = await moved();
      return [startOurs(stage, { port, healthPort: await freePort(), handler: 'echo.ts', heapMiB })];
    },
    progress: acknowledgedBy(requestStream, defaultGroup),
    async atRest([worker]) {
      after = await moved();
      peak = peakMb(worker?.pid ?? -1);
    },
  });
  const { lost, answeredTwice } = await audit(client, requests);
  if (lost + answeredTwice > 0) {
    throw new Error(`${requests} requests of ${bytes} bytes: ${lost} lost, ${answeredTwice} answered twice`);
  }
  const copy = await copyPerSecond(stage, bytes, requests);
  return {
    bytes,
    requests,
    perSecond,
    mbPerSecond: Math.round(((after - before) / requests) * perSecond / 1e5) / 10,
    ...(copy === undefined ? {} : { copyMbPerSecond: Math.round((2 * bytes * copy) / 1e5) / 10 }),
    peakMb: Math.round(peak),
  };
}

/** Copies per second: a value that is read, and another of the same size that is written. */
async function copyPerSecond({ client, port }: Stage, bytes: number, count: number): Promise<number | undefined> {
  await client.command('FLUSHALL', 'SYNC');
  const args = ['-h', '127.0.0.1', '-p', port, '-t', 'set,get', '-d', bytes, '-n', count, '-c', copyClients, '--csv'];
  const found = await promisify(execFile)('redis-benchmark', args.map(String), { timeout: copyDeadlineMs }).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    },
  );
  return found && copiesIn(found.stdout);
}

/** @param csv what redis-benchmark prints of SET and GET @throws Error when it is something else */
export function copiesIn(csv: string): number {
  const [set, get] = ['SET', 'GET'].map((name) => Number(new RegExp(`^"${name}","([\\d.]+)"`, 'm').exec(csv)?.[1]));
  const copies = 1 / (1 / Number(set) + 1 / Number(get));
  if (!(copies > 0)) {
    throw new Error(`redis-benchmark has printed something else than the speed of SET and GET:\n${csv}`);
  }
  return copies;
}

function bytesIn(stats: string): number {
  const of = (name: string) => Number(new RegExp(`^total_net_${name}_bytes:(\\d+)`, 'm').exec(stats)?.[1]);
  return of('input') + of('output');
}
