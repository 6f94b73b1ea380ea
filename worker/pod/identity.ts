/**
 * One live process per consumer id: the fields `pid` and `owner` of its config hash.
 *
 * Process ids are small and alike in every pod, so `pid` alone cannot tell two pods apart: `owner`, the UID of the pod,
 * does. A pod takes the place when no process is in it, or only an earlier one of its own; a `pid` of another owner is
 * left alone, for the operator clears those of dead pods.
 */
import { ownerField, pidField, sessionField } from '../../contract/config-hash.ts';
import { encodeGateReport, gateField, type GatePassage } from '../../contract/gate.ts';
import type { Connection } from '../redis/connection.ts';
import { FatalError } from './fatal.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Reply } from '../redis/resp.ts';

/** Who takes a place. */
export interface Identity {
  /** Absent where the process that works in the place writes its pid itself: a script. */
  readonly pid?: string;
  /** UID of the pod. */
  readonly owner: string;
  /** Names the connections it writes over; another process of the same pod may have the same pid. */
  readonly session?: string;
  /** What it found at the network gate, told with the place it takes. */
  readonly gate?: GatePassage;
}

/** Who is in a place: the two fields of its hash, as they are. */
export interface Holder {
  readonly pid: string | undefined;
  readonly owner: string | undefined;
}

/** What came of taking the place. */
export type Taking =
  /** It is ours; the hash as it was found. */
  | { readonly kind: 'taken'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'noHash' }
  /** A process of another pod holds it; only the operator knows whether that one still lives. */
  | { readonly kind: 'occupied'; readonly by: Holder };

/**
 * Sets `pid` and `owner`, unless another pod has. A pid left by an earlier process of this very pod is replaced, or
 * removed where the next one writes its own: that process is dead, as its pod runs one at a time.
 * @throws FatalError when the key holds something else than a hash
 */
export async function takePlace(connection: Connection, hashKey: string, me: Identity): Promise<Taking> {
  for (;;) {
    const [watched, found] = await connection.pipeline([['WATCH', hashKey], ['HGETALL', hashKey]]);
    for (const reply of [watched, found]) if (reply instanceof Error) throw notAHash(reply, hashKey) ?? reply;
    const fields = hashFields(found ?? []);
    const refused = refusalOf(fields, me);
    if (refused) {
      await connection.command('UNWATCH');
      return refused;
    }
    if (await execute(connection, taking(hashKey, me))) return { kind: 'taken', fields };
  }
}

/**
 * Writes over other connections from now on: what is still on its way over earlier ones comes to nothing.
 * @returns false when the place is not ours any more
 */
export async function renewSession(connection: Connection, hashKey: string, me: Identity): Promise<boolean> {
  for (;;) {
    const [watched, holder] = await connection.pipeline([['WATCH', hashKey], holderCommand(hashKey)]);
    for (const reply of [watched, holder]) if (reply instanceof Error) throw reply;
    if (!isOurs(holder as Reply, me)) return false;
    if (await execute(connection, [['HSET', hashKey, ...sessionOf(me)]])) return true;
  }
}

/** Removes `pid` and `owner`, unless they are somebody else's by now. */
export async function leavePlace(connection: Connection, hashKey: string, me: Identity): Promise<void> {
  for (;;) {
    await connection.command('WATCH', hashKey);
    if (!isOurs(await connection.command(...holderCommand(hashKey)), me)) {
      await connection.command('UNWATCH');
      return;
    }
    if (await execute(connection, [['HDEL', hashKey, pidField, ownerField, sessionField]])) return;
  }
}

/** True when a reply of `HMGET <hash> pid owner` names us. */
export function isOurs(reply: Reply, me: Identity): boolean {
  const [pid, owner] = itemsOf(reply);
  return textOf(owner) === me.owner && (me.pid === undefined || textOf(pid) === me.pid);
}

/** Reads who is in the place. */
export async function readHolder(connection: Connection, hashKey: string): Promise<Holder> {
  const [pid, owner] = itemsOf(await connection.command(...holderCommand(hashKey)));
  return { pid: textOf(pid) || undefined, owner: textOf(owner) || undefined };
}

function holderCommand(hashKey: string): ['HMGET', ...string[]] {
  return ['HMGET', hashKey, pidField, ownerField];
}

function taking(hashKey: string, me: Identity): string[][] {
  const ours = ['HSET', hashKey, ownerField, me.owner, ...sessionOf(me), ...reportOf(me)];
  return me.pid === undefined ? [ours, ['HDEL', hashKey, pidField]] : [[...ours, pidField, me.pid]];
}

function sessionOf({ session }: Identity): string[] {
  return session === undefined ? [] : [sessionField, session];
}

function reportOf({ owner, gate }: Identity): string[] {
  return gate ? [gateField, encodeGateReport({ ...gate, owner })] : [];
}

/** Why a hash cannot be taken by us, as it stands; undefined when it can. Pure. */
export function refusalOf(
  fields: Readonly<Record<string, string>>,
  me: Identity,
): Exclude<Taking, { kind: 'taken' }> | undefined {
  if (fields['type'] === undefined && fields['workerType'] === undefined) return { kind: 'noHash' };
  const [pid, owner] = [fields[pidField], fields[ownerField]];
  return pid !== undefined && owner !== me.owner ? { kind: 'occupied', by: { pid, owner } } : undefined;
}

function notAHash(error: Error, hashKey: string): FatalError | undefined {
  return error.message.startsWith('WRONGTYPE')
    ? new FatalError(
      'badConfig',
      `the key "${hashKey}" is no hash: another program uses it; rename the worker type or delete the key`,
    )
    : undefined;
}

/** Runs commands if what was watched is unchanged. */
async function execute(connection: Connection, commands: readonly (readonly string[])[]): Promise<boolean> {
  const replies = await connection.pipeline([['MULTI'], ...commands, ['EXEC']]);
  // What could not be queued says why; that EXEC gives up then does not.
  const refused = replies.find((reply) => reply instanceof Error);
  if (refused) throw refused;
  return replies.at(-1) !== null;
}

function hashFields(reply: Reply): Record<string, string> {
  const flat = itemsOf(reply).map(textOf);
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
