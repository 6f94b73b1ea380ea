/** One live process per consumer id: the fields `pid` and `owner` of its config hash. */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { encodeGateReport, gateField, type GatePassage } from '../../contract/gate.ts';
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Reply } from '../redis/resp.ts';

/** Who this process says it is. */
export interface Identity {
  readonly pid: string;
  /** UID of the pod. */
  readonly owner: string;
  /** What it found at the network gate, told with the place it takes. */
  readonly gate?: GatePassage;
}

/** What came of taking the place. */
export type Taking =
  /** It is ours; the hash as it was found. */
  | { readonly kind: 'taken'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'noHash' }
  /** A process of another pod holds it; only the operator knows whether that one still lives. */
  | { readonly kind: 'occupied'; readonly by: Identity };

/**
 * Sets `pid` and `owner`, unless another pod has. A pid left by a previousConnections process of this very pod is replaced:
 * that process is dead, as its pod runs one at a time.
 */
export async function takePlace(connection: Connection, hashKey: string, me: Identity): Promise<Taking> {
  for (;;) {
    const [watched, found] = await connection.pipeline([['WATCH', hashKey], ['HGETALL', hashKey]]);
    for (const reply of [watched, found]) if (reply instanceof Error) throw reply;
    const fields = hashFields(found ?? []);
    const refused = refusalOf(fields, me);
    if (refused) {
      await connection.command('UNWATCH');
      return refused;
    }
    if (await execute(connection, ['HSET', hashKey, pidField, me.pid, ownerField, me.owner, ...reportOf(me)])) {
      return { kind: 'taken', fields };
    }
  }
}

/** Removes `pid` and `owner`, unless they are somebody else's by now. */
export async function leavePlace(connection: Connection, hashKey: string, me: Identity): Promise<void> {
  for (;;) {
    await connection.command('WATCH', hashKey);
    if (!isOurs(await connection.command('HMGET', hashKey, pidField, ownerField), me)) {
      await connection.command('UNWATCH');
      return;
    }
    if (await execute(connection, ['HDEL', hashKey, pidField, ownerField])) return;
  }
}

/** True when a reply of `HMGET <hash> pid owner` names us. */
export function isOurs(reply: Reply, me: Identity): boolean {
  const [pid, owner] = itemsOf(reply);
  return textOf(pid) === me.pid && textOf(owner) === me.owner;
}

function reportOf({ owner, gate }: Identity): string[] {
  return gate ? [gateField, encodeGateReport({ ...gate, owner })] : [];
}

function refusalOf(fields: Readonly<Record<string, string>>, me: Identity): Taking | undefined {
  if (fields['type'] === undefined && fields['workerType'] === undefined) return { kind: 'noHash' };
  const [pid, owner] = [fields[pidField], fields[ownerField] ?? ''];
  return pid !== undefined && owner !== me.owner ? { kind: 'occupied', by: { pid, owner } } : undefined;
}

/** Runs one command if what was watched is unchanged. */
async function execute(connection: Connection, command: readonly string[]): Promise<boolean> {
  const replies = await connection.pipeline([['MULTI'], command, ['EXEC']]);
  const executed = replies.at(-1);
  if (executed instanceof Error) throw executed;
  return executed !== null;
}

function hashFields(reply: Reply): Record<string, string> {
  const flat = itemsOf(reply).map(textOf);
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
