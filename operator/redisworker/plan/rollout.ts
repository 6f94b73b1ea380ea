/**
 * Which consumers keep what they run while new code or settings are tried. New code that does not come up must not take
 * every consumer down: one goes first, the others follow once it, or any other, is ready with what is asked for now.
 * Nothing is remembered: the same observation holds the same consumers. Pure.
 */
import { configHashKey } from '../../../contract/keys.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Desired } from '../desired/index.ts';
import { byConsumer, deploymentView, isReady, policyHashOf, templateOf } from '../model/children.ts';
import { workerContainer } from '../model/names.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';

/**
 * Ids of the consumers whose Deployment and config hash stay as they are for now: a held consumer that restarts reads
 * the hash its code was made for. Stopping and narrowing hold nobody, nor is anybody held on code that does not work.
 */
export function heldConsumers(observed: Observed, spec: ObservedSpec, desired: Desired): ReadonlySet<string> {
  const deployments = byConsumer(observed.children.deployments);
  const pods = byConsumer(observed.children.pods);
  const keptHashes = keptPolicies(observed, spec, desired);
  const rolls = [...desired.deployments].map(([id, wanted]) => ({
    id,
    ...rollOf(wanted, deployments.get(id)?.[0], pods.get(id) ?? [], keptHashes),
  }));
  if (spec.blueprint.suspend || rolls.some(({ stage }) => stage === 'Proven')) return new Set();
  const before = rolls.filter(({ stage, mayWait, id }) => stage === 'Before' && mayWait && hasHash(spec, id));
  if (rolls.some(({ stage }) => stage === 'Tried')) return new Set(before.map(({ id }) => id));
  const working = before.filter(({ isWorking }) => isWorking);
  const othersTry = working.length === 1 && rolls.length > 1;
  return new Set(working.slice(othersTry ? 0 : 1).map(({ id }) => id));
}

/** How far one consumer is. */
interface Roll {
  /** Ready with what is asked for now; made from it, and not ready; made from what was asked for before; not made. */
  readonly stage: 'Proven' | 'Tried' | 'Before' | 'New';
  /** It is ready with what was asked for before. */
  readonly isWorking: boolean;
  readonly mayWait: boolean;
}

function rollOf(
  wanted: KubeObject,
  actual: KubeObject | undefined,
  pods: readonly KubeObject[],
  keptHashes: ReadonlySet<string | undefined>,
): Roll {
  const [now, before] = [templateOf(wanted), actual && templateOf(actual)];
  const isReadyWith = (template: string | undefined) =>
    template !== undefined && pods.some((pod) => isReady(pod) && templateOf(pod) === template);
  return {
    stage: isReadyWith(now) ? 'Proven' : actual === undefined ? 'New' : now === before ? 'Tried' : 'Before',
    isWorking: isReadyWith(before),
    mayWait: actual !== undefined && deploymentView(actual).replicas > 0 &&
      keptHashes.has(deploymentView(actual).netHash) && !takesAway(actual, wanted),
  };
}

/**
 * Net hashes whose policy can be kept to what the spec says now, see {@link policiesInUse}: the current one, and, while
 * pods are given the same Redis, those that have a policy of the same flavor.
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
