/** How far each consumer is in a rollout, read from its Deployment and its pods. Pure. */
import { configHashKey } from '../../../contract/keys.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Desired } from '../desired/index.ts';
import {
  byConsumer,
  deploymentView,
  givingUpOf,
  hasGivenUpOn,
  holding,
  isReady,
  policyHashOf,
  templateOf,
  workerContainerOf,
} from '../model/children.ts';
import { annotations, workerContainer } from '../model/names.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';

/** How far one consumer is. */
export interface Roll {
  readonly id: string;
  /** Ready with what is asked for now; made from it, and not ready; made from what was asked for before; not made. */
  readonly stage: 'Proven' | 'Tried' | 'Before' | 'New';
  /** It is ready with what was asked for before. */
  readonly isWorking: boolean;
  /**
   * A rollout takes nothing from it: it does not work, or did not when it was given what it runs. One that is between
   * two pods is none of those: the copy of its Deployment may be older than the one of its pods. Nor is one that an
   * earlier change has taken, as long as it may still come up.
   */
  readonly isBroken: boolean;
  /** It may keep what it runs for now. */
  readonly mayWait: boolean;
  /** It is to have no pod as it is. */
  readonly isDown: boolean;
  /** It was made from what is asked for now, but for what rotates by itself. */
  readonly runsRevision: boolean;
  /** A process of its pod has come to an end. */
  readonly hasEnded: boolean;
  /** Its Deployment no longer waits for its pod to become ready. */
  readonly isGivenUp: boolean;
}

/** How far the wanted consumers are, in their order. */
export function rollsOf(observed: Observed, spec: ObservedSpec, desired: Desired): readonly Roll[] {
  const deployments = byConsumer(observed.children.deployments);
  const pods = byConsumer(observed.children.pods);
  const keptHashes = keptPolicies(observed, spec, desired);
  return [...desired.deployments].map(([id, wanted]) => {
    const actual = deployments.get(id)?.[0];
    return {
      id,
      ...rollOf(templateOf(wanted), actual, pods.get(id) ?? [], observed.now),
      mayWait: actual !== undefined && hasHash(spec, id) && keptHashes.has(deploymentView(actual).netHash) &&
        !takesAway(actual, wanted),
      isDown: actual !== undefined && deploymentView(actual).replicas === 0,
      runsRevision: actual?.metadata.annotations?.[annotations.revision] === desired.revision,
    };
  });
}

function rollOf(
  now: string | undefined,
  actual: KubeObject | undefined,
  pods: readonly KubeObject[],
  time: number,
): Omit<Roll, 'id' | 'mayWait' | 'isDown' | 'runsRevision'> {
  const isReadyWith = (template: string | undefined) =>
    template !== undefined && pods.some((pod) => isReady(pod) && templateOf(pod) === template);
  const before = actual && templateOf(actual);
  const isWorking = isReadyWith(before);
  const stage = isReadyWith(now) ? 'Proven' : actual === undefined ? 'New' : now === before ? 'Tried' : 'Before';
  return {
    stage,
    isWorking,
    isBroken: !isWorking && isBroken(stage, actual, pods, time),
    hasEnded: pods.some((pod) => templateOf(pod) === now && hasEnded(pod)),
    isGivenUp: stage === 'Tried' && actual !== undefined && isGivenUp(now, actual, pods),
  };
}

function isBroken(
  stage: Roll['stage'],
  actual: KubeObject | undefined,
  pods: readonly KubeObject[],
  now: number,
): boolean {
  if (actual === undefined) return true;
  if (stage !== 'Before') return wasBroken(actual);
  return holding(actual, 'ReplicaFailure') !== undefined ||
    (pods.some(({ metadata }) => metadata.deletionTimestamp === undefined) && !mayComeUp(actual, pods, now));
}

/** Milliseconds a consumer that was taken has to become ready: as long as its Deployment waits. */
const comeUpMs = 600_000;

/** True for one that worked until a change took it, a moment ago: another change in that moment may not take more. */
function mayComeUp(actual: KubeObject, pods: readonly KubeObject[], now: number): boolean {
  const taken = Date.parse(actual.metadata.annotations?.[annotations.taken] ?? '');
  return now - taken < comeUpMs && !pods.some((pod) => hasEnded(pod) || hasGivenUpOn(pod, actual));
}

/** One that gets no pod at all has no younger word to wait for. */
function isGivenUp(now: string | undefined, actual: KubeObject, pods: readonly KubeObject[]): boolean {
  const made = pods.filter((pod) => templateOf(pod) === now);
  if (made.length > 0) return made.some((pod) => hasGivenUpOn(pod, actual));
  return givingUpOf(actual) !== undefined && holding(actual, 'ReplicaFailure') !== undefined;
}

function hasEnded(pod: KubeObject): boolean {
  const { restartCount = 0, state, lastState } = workerContainerOf(pod) ?? {};
  return restartCount > 0 || state?.terminated !== undefined || lastState?.terminated !== undefined;
}

/** True for a Deployment whose consumer did not work when it was given what it runs. */
function wasBroken({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[annotations.wasBroken] !== undefined;
}

/** The Deployment a rollout writes, remembering how its consumer was: broken, or when it was taken. */
export function remembering({ isBroken, stage }: Roll, deployment: KubeObject, now: number): KubeObject {
  const { metadata } = deployment;
  const notes = isBroken
    ? { [annotations.wasBroken]: 'true' }
    : stage === 'Before'
    ? { [annotations.taken]: new Date(now).toISOString() }
    : {};
  return { ...deployment, metadata: { ...metadata, annotations: { ...metadata.annotations, ...notes } } };
}

/**
 * Net hashes whose policy can be kept to what the spec says now, see `policiesInUse`: the current one, and, while pods
 * are given the same Redis, those that have a policy of the same flavor.
 */
function keptPolicies(
  { children }: Observed,
  { endpoint }: ObservedSpec,
  desired: Desired,
): ReadonlySet<string | undefined> {
  const url = endpoint.ok ? endpoint.value.url : undefined;
  const { kind } = desired.policy.policy;
  const present = new Set(children.networkPolicies.filter((policy) => policy.kind === kind).map(policyHashOf));
  const moved = children.deployments.map(deploymentView).filter(({ redisUrl }) => redisUrl !== url);
  for (const { netHash } of moved) present.delete(netHash);
  return present.add(desired.netHash);
}

/** A permission that is taken away reaches every consumer at once. */
function takesAway(actual: KubeObject, wanted: KubeObject): boolean {
  if (templateOf(actual) === templateOf(wanted)) return false;
  const [before, after] = [grantsOf(actual), grantsOf(wanted)];
  const isLost = (grant: string) => !after.has(grant);
  const isDenied = (grant: string) => grant.startsWith('--deny-') && !before.has(grant);
  return [...before].some((grant) => grant.startsWith('--allow-') && isLost(grant)) || [...after].some(isDenied);
}

/** What the command of a Deployment allows and denies, one `--allow-net=host:port` for each entry. */
function grantsOf(deployment: KubeObject): ReadonlySet<string> {
  return new Set(
    commandOf(deployment).flatMap((flag) => {
      const [name = '', list = ''] = flag.split(/=(.*)/s);
      return /^--(?:allow|deny)-/.test(name) ? list.split(',').map((entry) => `${name}=${entry}`) : [];
    }),
  );
}

function commandOf(deployment: KubeObject): readonly string[] {
  const { template } = deployment.spec as {
    template?: { spec?: { containers?: readonly { name?: string; command?: readonly string[] }[] } };
  };
  return template?.spec?.containers?.find(({ name }) => name === workerContainer)?.command ?? [];
}

/** Without its hash a consumer would not come back as it was. */
function hasHash({ redis, blueprint }: ObservedSpec, id: string): boolean {
  return redis.kind === 'answered' && typeof redis.hashes.get(configHashKey(blueprint.keyPrefix, id)) === 'object';
}
