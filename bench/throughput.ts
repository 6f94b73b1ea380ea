/** Requests per second of each contender: a stream is filled, then worked off. */
import { defaultGroup } from '../contract/keys.ts';
import { freePort, type TestProcess } from '../test/support/processes.ts';
import { judge, leanRecords, type Ledger, readLedger } from './ledger.ts';
import { acknowledgedBy, answeredIn, goneFrom } from './progress.ts';
import { type Audit, audit, preload, requestStream, responseStream, type } from './requests.ts';
import { run, type Timed, until } from './run.ts';
import { consumer, reset, type RuntimeSettings, type Stage, startOurs, startPeer } from './stage.ts';

/** Handlers at once of our runtime, for handlers that take no time. */
export const concurrency = 1024;

/** The same with nothing left behind that nobody reads. */
export const lean = { concurrency, ...leanRecords } as const;

/** Requests per transaction of a bound that is not told otherwise. */
const boundBatch = 256;

/** One contender's part of one round. */
export interface Measured extends Timed {
  /** Absent for those that keep no reply, or keep their results elsewhere. */
  readonly audit?: Audit;
  /** Of those that keep no reply. */
  readonly ledger?: Ledger;
}

/** The reference loop; its requests stay pending, as it acknowledges none. */
export async function measureReference(stage: Stage, requests: number, port = stage.port): Promise<Measured> {
  const { client } = stage;
  const timed = await run(stage, requests, {
    fill: () => fill(stage, requests),
    launch: () => Promise.resolve([startPeer('deno', 'reference.ts', port, type, consumer)]),
    progress: answeredIn(responseStream),
    isOver: async () => (await audit(client, 0)).pending === requests,
  });
  return { ...timed, audit: await audit(client, requests) };
}

/** Our runtime. */
export async function measureOurs(stage: Stage, requests: number, port = stage.port): Promise<Measured> {
  const timed = await overGroup(stage, requests, () => launchOurs(stage, port, { concurrency }));
  return { ...timed, audit: await audit(stage.client, requests) };
}

/** Our runtime where nobody reads what it writes beside the answers. */
export async function measureLean(stage: Stage, requests: number): Promise<Measured> {
  const timed = await overGroup(stage, requests, () => launchOurs(stage, stage.port, lean));
  return { ...timed, ledger: await readLedger(stage.client) };
}

/** The same commands, encoded beforehand. @param login user and password of the connection they are sent over */
export async function measureBound(
  stage: Stage,
  requests: number,
  batch = boundBatch,
  login: readonly string[] = [],
): Promise<Measured> {
  const timed = await overGroup(stage, requests, () => launchBound(stage, requests, {}, batch, login));
  return { ...timed, audit: await audit(stage.client, requests) };
}

/** The commands of {@link measureLean}, encoded beforehand. */
export async function measureLeanBound(stage: Stage, requests: number, batch = boundBatch): Promise<Measured> {
  const timed = await overGroup(stage, requests, () => launchBound(stage, requests, lean, batch));
  return { ...timed, ledger: await readLedger(stage.client) };
}

/** A bound in whose transactions are no fewer requests than another contender had in its own. */
export function batchOf(other: Pick<Timed, 'batch'> | undefined): number {
  return Math.max(boundBatch, other?.batch ?? 0);
}

/** BullMQ with its own queue. @param finished whether jobs stay when they are finished, as is its default */
export function measureBullmq(
  stage: Stage,
  requests: number,
  jobsAtOnce: number,
  finished: 'keep' | 'remove',
): Promise<Measured> {
  const { client, port } = stage;
  return run(stage, requests, {
    async fill() {
      await client.command('FLUSHALL', 'SYNC');
      const filled = await startPeer('node', 'bullmq.ts', 'fill', port, requests).ended;
      if (filled !== 0) throw new Error(`filling BullMQ's queue ended with ${filled}`);
    },
    launch: () => Promise.resolve([startPeer('node', 'bullmq.ts', 'work', port, jobsAtOnce, finished)]),
    progress: goneFrom(['bull:bench:wait', 'bull:bench:active'], requests),
  });
}

/** @throws Error naming the contender of which a request is not on record once */
export function checkLean(name: string, measured: Pick<Measured, 'requests' | 'ledger'> | undefined): void {
  if (measured === undefined) return;
  const { requests, ledger } = measured;
  if (ledger === undefined) throw new Error(`${name}: nobody has looked what is on record`);
  const { lost, twice } = judge(ledger, { 200: requests });
  if (lost + twice > 0) {
    throw new Error(`${name}: the counts are wrong for ${requests} requests: ${JSON.stringify(ledger)}`);
  }
}

/** Workers of the group of the bench, over a stream that is filled. */
function overGroup(
  stage: Stage,
  requests: number,
  launch: () => Promise<readonly TestProcess[]>,
): Promise<Timed> {
  return run(stage, requests, {
    fill: () => fill(stage, requests),
    launch,
    progress: acknowledgedBy(requestStream, defaultGroup),
  });
}

async function fill({ client }: Stage, requests: number): Promise<void> {
  await reset(client);
  await preload(client, requests);
}

async function launchOurs(stage: Stage, port: number, settings: RuntimeSettings): Promise<readonly TestProcess[]> {
  return [startOurs(stage, { port, healthPort: await freePort(), settings })];
}

async function launchBound(
  { port }: Stage,
  requests: number,
  settings: RuntimeSettings,
  batch: number,
  login: readonly string[] = [],
): Promise<readonly TestProcess[]> {
  const args = [port, type, consumer, requests, batch, JSON.stringify(settings), ...login];
  const peer = startPeer('deno', 'bound.ts', ...args);
  await until([peer], 'the bound has encoded its commands', () => Promise.resolve(peer.output().includes('ready')));
  peer.child.kill('SIGUSR2');
  return [peer];
}
