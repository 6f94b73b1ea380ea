/**
 * Who runs a consumer id: the fields `owner` (the UID of a pod) and `pid` (set by the script itself) of its hash.
 *
 * Process ids are small and alike in every pod, so `pid` alone cannot tell two pods apart: `owner` does. A pod takes
 * the hash when no process is in it, or only a previousConnections one of its own; a `pid` of another owner is left alone, for the
 * operator clears those of dead pods.
 */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { encodeGateReport, gateField, type GatePassage } from '../../contract/gate.ts';

/** One Redis connection of our own: WATCH belongs to it. */
export interface Commands {
  command(...words: string[]): Promise<unknown>;
}

/** The two fields, as they are. */
export interface Holder {
  readonly pid: string | undefined;
  readonly owner: string | undefined;
}

/** What came of taking: `held` by another owner, `raced` by another writer (try again), or there is no hash. */
export type Taking = { readonly kind: 'taken' | 'raced' | 'absent' } | {
  readonly kind: 'held';
  readonly holder: Holder;
};

/** Decides over a hash that exists. Pure. */
export function mayTake(holder: Holder, podUid: string): boolean {
  return holder.pid === undefined || holder.owner === podUid;
}

/** Makes this pod the owner, tells what it found at the network gate and removes the pid of a previousConnections process of its own, in one step. */
export async function take(redis: Commands, hashKey: string, podUid: string, gate?: GatePassage): Promise<Taking> {
  await redis.command('WATCH', hashKey);
  const exists = await redis.command('EXISTS', hashKey);
  const holder = await readHolder(redis, hashKey);
  if (Number(exists) === 0 || !mayTake(holder, podUid)) {
    await redis.command('UNWATCH');
    return Number(exists) === 0 ? { kind: 'absent' } : { kind: 'held', holder };
  }
  const report = gate ? [gateField, encodeGateReport({ ...gate, owner: podUid })] : [];
  const done = await transaction(redis, ['HSET', hashKey, ownerField, podUid, ...report], ['HDEL', hashKey, pidField]);
  return { kind: done ? 'taken' : 'raced' };
}

/** Removes both fields when this pod still owns the hash; otherwise leaves it as it is. */
export async function release(redis: Commands, hashKey: string, podUid: string): Promise<void> {
  for (;;) {
    await redis.command('WATCH', hashKey);
    const { owner } = await readHolder(redis, hashKey);
    if (owner !== podUid) return void (await redis.command('UNWATCH'));
    if (await transaction(redis, ['HDEL', hashKey, pidField, ownerField])) return;
  }
}

/** Reads the two fields. */
export async function readHolder(redis: Commands, hashKey: string): Promise<Holder> {
  const [pid, owner] = (await redis.command('HMGET', hashKey, pidField, ownerField)) as (string | null)[];
  return { pid: pid ?? undefined, owner: owner ?? undefined };
}

/** @returns false when the watched key was written to meanwhile */
async function transaction(redis: Commands, ...commands: string[][]): Promise<boolean> {
  await redis.command('MULTI');
  for (const words of commands) await redis.command(...words);
  return (await redis.command('EXEC')) !== null;
}
