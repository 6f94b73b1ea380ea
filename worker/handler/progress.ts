/** What handlers tell about their progress, on its way into the traces. */
import { traceHashKey } from '../../contract/keys.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import { progressField } from '../../contract/trace.ts';
import type { Connection } from '../redis/connection.ts';
import { textOf } from '../redis/replies.ts';
import { fieldCommands, type KeyState } from './commit-plan.ts';
import type { Place } from './place.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** Keeps what handlers tell in `progress`, unless traces are off: then nobody writes it, and takes it out again. */
export function progressKeeper(
  traces: HandlerSettings['traces'],
  progress: Map<string, number>,
): (ref: string, percent: number) => void {
  return traces === 'On' ? (ref, percent) => void progress.set(ref, percent) : () => {};
}

/** Writes what handlers have told since the last time. */
export async function writeProgress(
  connection: Pick<Connection, 'pipeline'>,
  place: Place,
  progress: Map<string, number>,
  expiry: TraceExpiry,
): Promise<void> {
  if (progress.size === 0) return;
  const told = [...progress];
  progress.clear();
  const states = expiry === 'EXPIRE' ? await look(connection, told.map(([ref]) => traceHashKey(ref))) : new Map();
  const stateOf = (key: string): KeyState => states.get(key) ?? { type: 'none', ttlMs: -2 };
  const field = progressField(place.type);
  await connection.pipeline(told.flatMap(([ref, percent]) => fieldCommands(ref, field, percent, stateOf, expiry)));
}

async function look(
  connection: Pick<Connection, 'pipeline'>,
  keys: readonly string[],
): Promise<Map<string, KeyState>> {
  const ttls = await connection.pipeline(keys.map((key) => ['PTTL', key]));
  return new Map(keys.map((key, at) => {
    const ttlMs = Number(textOf(ttls[at]));
    return [key, { type: ttlMs === -2 ? 'none' : 'hash', ttlMs }];
  }));
}
