/** Whether the pid in a config hash belongs to a process that is no more. Pure. */
import { ownerField, pidField } from '../../../contract/config-hash.ts';
import { consumerIdOf, isLive, uidOf } from '../model/children.ts';
import type { HashObservation, Observed, ObservedSpec } from '../model/observed.ts';

/** Milliseconds without a read after which a pid that names no pod belongs to nobody. */
const silentConsumerMs = 60_000;

/** The pid of a process that is no more: its pod is gone, or it names none, has no pod here and has long been silent. */
export function stalePid(
  observed: Observed,
  spec: ObservedSpec,
  consumerId: string,
  hash: HashObservation,
): { pid: string; owner: string | undefined } | undefined {
  if (typeof hash === 'string' || spec.redis.kind !== 'answered') return undefined;
  const pid = hash[pidField];
  const owner = hash[ownerField];
  if (pid === undefined) return undefined;
  if (owner !== undefined) {
    return observed.children.pods.some((pod) => uidOf(pod) === owner) ? undefined : { pid, owner };
  }
  const member = spec.redis.work.members.find(({ id }) => id === consumerId);
  const hasPod = observed.children.pods.some((pod) => consumerIdOf(pod) === consumerId && isLive(pod));
  const silent = member === undefined || (member.idleMs ?? 0) > silentConsumerMs;
  return silent && !(hasPod && member === undefined) ? { pid, owner } : undefined;
}
