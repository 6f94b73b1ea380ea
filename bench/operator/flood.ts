/** More responses than can be read: what they cost the operator, and whether every one of them is counted. */
import { setTimeout as delay } from 'node:timers/promises';
import { responseStreamKey } from '../../contract/keys.ts';
import { processorMs, residentMb } from '../proc.ts';
import type { MeasuredOperator, Stage } from './stage.ts';
import { collection, createAndWait, type Worker, workerObject } from './workers.ts';

/** What a flood was, and what it took. */
export interface Flood {
  /** Responses per second, as they were written. */
  readonly perSecond: number;
  /** Processors of the operator, on average. */
  readonly cores: number;
  /** MB of the operator at their most, beyond those before. */
  readonly mbMore: number;
}

const name = 'flooded';
const perSecond = 100_000;
const seconds = 20;
const roundMs = 20;
/** Long enough for what was left by the start to be cleared away. */
const idleMs = 10_000;
/** As many as a stream keeps by default. */
const kept = 10_000;
const countedMs = 60_000;

/** KEYS: stream. ARGV: entries, most to keep. One in ten has failed. */
const lua = `
for at = 1, tonumber(ARGV[1]) do
  local code = at % 10 == 0 and '500' or '200'
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'ref', 'r' .. at, 'type', 'flooded', 'code', code, 'consumer', '1', 'ms', '5')
end`;

/** Writes so many at an even pace. @throws Error when one of them is not counted */
export async function measureFlood(stage: Stage, operator: MeasuredOperator): Promise<Flood> {
  await delay(idleMs);
  await createAndWait(stage.api, [workerObject(name, { count: 1 })], countedMs);
  await write(stage, perSecond / 10);
  await counted(stage, perSecond / 10);
  const [cpu, mb, begun] = [processorMs(operator.pid), residentMb(operator.pid), performance.now()];
  let [sent, most] = [0, mb];
  while (sent < perSecond * seconds) {
    const due = Math.floor(((performance.now() - begun) / 1000) * perSecond);
    const count = Math.min(due, perSecond * seconds) - sent;
    if (count > 0) await write(stage, count);
    sent += Math.max(count, 0);
    most = Math.max(most, residentMb(operator.pid));
    await delay(roundMs);
  }
  const took = performance.now() - begun;
  const cores = (processorMs(operator.pid) - cpu) / took;
  await counted(stage, sent + perSecond / 10);
  return { perSecond: (sent / took) * 1000, cores, mbMore: most - mb };
}

async function write({ redis }: Stage, count: number): Promise<void> {
  await redis.client.eval(lua, 1, responseStreamKey(name), count, kept);
}

async function counted({ api }: Stage, total: number): Promise<void> {
  let last: number | undefined;
  for (const end = Date.now() + countedMs; Date.now() < end;) {
    await delay(500);
    const { status } = await api.get(`${collection}/${name}`) as Worker & {
      readonly status?: { readonly responses?: { readonly total?: number } };
    };
    last = status?.responses?.total;
    if (last === total) return;
  }
  throw new Error(`${last} of ${total} responses are counted after ${countedMs / 1000} s`);
}
