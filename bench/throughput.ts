/** Requests per second of each contender: a stream is filled, then worked off. */
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, type TestProcess } from '../test/support/processes.ts';
import type { Reply } from '../worker/redis/resp.ts';
import { type Audit, audit, preload, responseStream, type } from './requests.ts';
import { processorMs } from './proc.ts';
import { consumer, reset, type Stage, startOurs, startPeer } from './stage.ts';

/** Handlers at once of our runtime, for handlers that take no time. */
export const concurrency = 1024;

const pollMs = 20;
const deadlineMs = 180_000;

/** One contender's part of one round. */
export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  /** Processor time per request in microseconds, of the worker with its start (but for what the bound encodes beforehand) and of redis-server. */
  readonly workerUs?: number;
  readonly serverUs?: number;
  /** Absent for BullMQ, which keeps its results elsewhere. */
  readonly audit?: Audit;
}

/** A contender: starts its worker over a filled stream. */
type Launch = (port: number, requests: number) => Promise<TestProcess>;

/** The reference loop; its requests stay pending, as it acknowledges none. */
export function measureReference(stage: Stage, requests: number, port = stage.port): Promise<Measured> {
  return measure(
    stage,
    requests,
    () => Promise.resolve(startPeer('deno', 'reference.ts', port, type, consumer)),
    requests,
  );
}

/** Our runtime. */
export function measureOurs(stage: Stage, requests: number, port = stage.port): Promise<Measured> {
  return measure(
    stage,
    requests,
    async () => startOurs(stage, { port, healthPort: await freePort(), settings: { concurrency } }),
  );
}

/** The same commands, encoded beforehand. @param login user and password of the connection they are sent over */
export function measureBound(stage: Stage, requests: number, login: readonly string[] = []): Promise<Measured> {
  return measure(stage, requests, async (port) => {
    const peer = startPeer('deno', 'bound.ts', port, type, consumer, requests, ...login);
    await until(peer, 'the bound has encoded its commands', () => Promise.resolve(peer.output().includes('ready')));
    peer.child.kill('SIGUSR2');
    return peer;
  });
}

/** BullMQ with its own queue; speed by the times it keeps of its jobs. */
export async function measureBullmq(stage: Stage, requests: number, jobsAtOnce: number): Promise<Measured> {
  const { client, port } = stage;
  await client.command('FLUSHALL', 'SYNC');
  const filled = await startPeer('node', 'bullmq.ts', 'fill', port, requests).ended;
  if (filled !== 0) throw new Error(`filling BullMQ's queue ended with ${filled}`);
  const worker = startPeer('node', 'bullmq.ts', 'work', port, jobsAtOnce);
  await until(
    worker,
    'BullMQ has finished',
    async () => Number(await client.command('ZCARD', 'bull:bench:completed')) >= requests,
  );
  await worker.stop();
  const ends = await client.pipeline([['ZRANGE', 'bull:bench:completed', 0, 0, 'WITHSCORES'], [
    'ZRANGE',
    'bull:bench:completed',
    -1,
    -1,
    'WITHSCORES',
  ]]);
  const [first = 0, last = 0] = ends.map((reply) => Number((reply as Reply[])[1]));
  return { requests, perSecond: perSecond(requests, last - first) };
}

async function measure(stage: Stage, requests: number, launch: Launch, stillPending = 0): Promise<Measured> {
  const { client, port } = stage;
  await reset(client);
  await preload(client, requests);
  const worker = await launch(port, requests);
  const [serverBeforeMs, workerBeforeMs] = [processorMs(stage.server.pid), processorMs(worker.pid)];
  await until(
    worker,
    `${requests} requests are answered`,
    async () => Number(await client.command('XLEN', responseStream)) >= requests,
  );
  const speed = perSecond(requests, await answeringMs(stage));
  await until(
    worker,
    'the last answers are acknowledged',
    async () => (await audit(client, 0)).pending === stillPending,
  );
  const workerUs = perRequest(processorMs(worker.pid) - workerBeforeMs, requests);
  const serverUs = perRequest(processorMs(stage.server.pid) - serverBeforeMs, requests);
  await worker.stop();
  return { requests, perSecond: speed, workerUs, serverUs, audit: await audit(client, requests) };
}

/** Milliseconds from the first answer to the last, by the clock of the server: entry ids begin with it. */
async function answeringMs({ client }: Stage): Promise<number> {
  const replies = await client.pipeline([['XRANGE', responseStream, '-', '+', 'COUNT', 1], [
    'XREVRANGE',
    responseStream,
    '+',
    '-',
    'COUNT',
    1,
  ]]);
  const [first = 0, last = 0] = replies.map((reply) => Number.parseInt((reply as Reply[][])[0]?.[0] as string));
  return last - first;
}

/** @throws Error with what the process printed when it takes too long, or ends. */
async function until(worker: TestProcess, what: string, probe: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + deadlineMs; !(await probe());) {
    const gone = worker.child.exitCode !== null && worker.child.exitCode !== 0;
    if (gone || Date.now() > end) {
      throw new Error(`waited in vain until ${what}; its process printed:\n${worker.output().slice(-2000)}`);
    }
    await pause(pollMs);
  }
}

function perSecond(requests: number, ms: number): number {
  return Math.round((requests * 1000) / Math.max(ms, 1));
}

/** Microseconds with one decimal. */
function perRequest(ms: number, requests: number): number {
  return Math.round((ms * 10_000) / requests) / 10;
}
