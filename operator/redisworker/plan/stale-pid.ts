/** Whether the pid in a config hash belongs to a process that is no more. Pure. */
import { ownerField, pidField } from '../../../contract/config-hash.ts';
import { consumerIdOf, isLive, uidOf } from '../model/children.ts';
import type { HashObservation, Observed, ObservedSpec } from '../model/observed.ts';
import type { Member, WorkView } from '../model/work.ts';

/** Milliseconds without a read after which a pid that names no pod belongs to nobody. */
const silentConsumerMs = 60_000;

/** A pid to be removed, with the owner beside it. */
export interface StalePid {
  readonly pid: string;
  readonly owner: string | undefined;
}

/**
 * The pid of a process that is no more: its pod is gone, or it names none, has no pod here and has long been silent.
 * Where the server cannot tell silence from idleness, nobody is taken for gone.
 */
export function stalePid(
  observed: Observed,
  spec: ObservedSpec,
  consumerId: string,
  hash: HashObservation,
): StalePid | undefined {
  if (typeof hash === 'string' || spec.redis.kind !== 'answered') return undefined;
  const pid = hash[pidField];
  const owner = hash[ownerField];
  if (pid === undefined) return undefined;
  if (owner !== undefined) {
    return observed.children.pods.some((pod) => uidOf(pod) === owner) ? undefined : { pid, owner };
  }
  const member = memberOf(spec.redis.work, consumerId);
  const hasPod = observed.children.pods.some((pod) => consumerIdOf(pod) === consumerId && isLive(pod));
  const silent = member === undefined ? !hasPod : isSilent(member);
  return silent ? { pid, owner } : undefined;
}

/**
 * True when the process a hash of somebody else tells of is no more. Its pod may be one of another cluster on the same
 * Redis, so an owner nobody here knows proves nothing: only silence does.
 */
export function isForsaken(work: WorkView, consumerId: string, hash: Readonly<Record<string, string>>): boolean {
  const member = memberOf(work, consumerId);
  return hash[pidField] === undefined || (member !== undefined && isSilent(member));
}

function isSilent({ idleMs }: Member): boolean {
  return idleMs !== undefined && idleMs > silentConsumerMs;
}

function memberOf({ members }: WorkView, consumerId: string): Member | undefined {
  return members.find(({ id }) => id === consumerId);
}
