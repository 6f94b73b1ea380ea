/** Whether the pid in a config hash belongs to a process that is no more. Pure. */
import { ownerField, pidField } from '../../../contract/config-hash.ts';
import { consumerIdOf, mayStillRun, uidOf } from '../model/children.ts';
import type { HashObservation, Observed, ObservedSpec } from '../model/observed.ts';
import type { Member, WorkView } from '../model/work.ts';

/** Milliseconds without a read after which a pid that names no pod belongs to nobody. */
const silentConsumerMs = 60_000;

/** A pid to be removed, with the owner beside it. */
export interface StalePid {
  readonly pid: string;
  readonly owner: string | undefined;
}

/** The processes that may be there, looked for once for all consumers. */
export interface Processes {
  /** UIDs of the pods in which one may run. */
  readonly uids: ReadonlySet<string>;
  /** Ids of the consumers that have such a pod. */
  readonly ids: ReadonlySet<string | undefined>;
  readonly members: ReadonlyMap<string, Member>;
}

/** Looks for the processes of a worker. */
export function processesOf({ children }: Observed, { redis }: ObservedSpec): Processes {
  const pods = children.pods.filter(mayStillRun);
  const members = redis.kind === 'answered' ? redis.work.members : [];
  return {
    uids: new Set(pods.map(uidOf)),
    ids: new Set(pods.map(consumerIdOf)),
    members: new Map(members.map((member) => [member.id, member])),
  };
}

/**
 * The pid of a process that is no more: its pod is gone, or it names none, has no pod here and has long been silent.
 * Where the server cannot tell silence from idleness, nobody is taken for gone.
 */
export function stalePid(
  processes: Processes,
  consumerId: string,
  hash: HashObservation,
): StalePid | undefined {
  if (typeof hash === 'string') return undefined;
  const pid = hash[pidField];
  const owner = hash[ownerField];
  if (pid === undefined) return undefined;
  if (owner !== undefined) return processes.uids.has(owner) ? undefined : { pid, owner };
  const member = processes.members.get(consumerId);
  const silent = member === undefined ? !processes.ids.has(consumerId) : isSilent(member);
  return silent ? { pid, owner } : undefined;
}

/**
 * True when the process a hash of somebody else tells of is no more. Its pod may be one of another cluster on the same
 * Redis, so an owner nobody here knows proves nothing: only silence does.
 */
export function isForsaken({ members }: WorkView, consumerId: string, hash: Readonly<Record<string, string>>): boolean {
  const member = members.find(({ id }) => id === consumerId);
  return hash[pidField] === undefined || (member !== undefined && isSilent(member));
}

function isSilent({ idleMs }: Member): boolean {
  return idleMs !== undefined && idleMs > silentConsumerMs;
}
