/**
 * What needs nothing else to be well: stopping, scaling in and closing the network of pods that run. It is planned
 * although the source, a Secret or Redis is missing. Pure.
 */
import type { RedisWorker } from '../../api/redisworker.ts';
import { desiredPolicy } from '../desired/index.ts';
import { hasDriftedSince, policyHasDrifted } from '../desired/drift.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Action, Why } from '../model/action.ts';
import { deploymentView, objectRef, policyHashOf, policyResource, uidOf } from '../model/children.ts';
import type { Children, Observed, ObservedSpec } from '../model/observed.ts';
import { joined, type Steps } from './plan.ts';
import { redisUser } from './redis-user.ts';
import { finishedPods, planRemoval } from './removal.ts';

/** Plans what can be done about a worker whose desired state cannot be reached. @param kept ids of the consumers that stay */
export function planStopping(observed: Observed, spec: ObservedSpec, kept: readonly string[]): Steps {
  return joined([
    { actions: spec.blueprint.suspend ? suspension(observed.children) : [], waitingFor: [] },
    { actions: policiesInUse(observed.children, spec, observed.children.deployments, 'ScopeNarrowed'), waitingFor: [] },
    { actions: finishedPods(observed.children.pods), waitingFor: [] },
    { actions: observed.children.deployments.length > 0 ? redisUser(spec) : [], waitingFor: [] },
    planRemoval(observed, spec, kept, 'ConsumerRemoved'),
  ]);
}

/** Plans for a worker of whose spec nothing can be read but perhaps that it is to be suspended. */
export function planUnreadable({ object, children }: Observed): Steps {
  const { suspend } = (object.spec ?? {}) as Partial<RedisWorker['spec']>;
  return { actions: suspend === true ? suspension(children) : [], waitingFor: [] };
}

function suspension({ deployments }: Children): Action[] {
  return deployments
    .filter((deployment) => deploymentView(deployment).replicas > 0)
    .map((deployment) => ({
      do: 'scaleToZero',
      ref: objectRef(deployment),
      uid: uidOf(deployment),
      why: 'Suspended',
    }));
}

/**
 * Gives the policies of pods that run the rules of the spec as it is now. Their code cannot be replaced, so Deno goes
 * on with the scope it was started with: what the spec adds stays closed there, what it takes away is closed here.
 * @param deployments those whose pods stay as they are
 */
export function policiesInUse(
  children: Children,
  spec: ObservedSpec,
  deployments: readonly KubeObject[],
  why: Why,
): Action[] {
  const { blueprint, endpoint, topology, resolved, members, problems } = spec;
  if (problems.length > 0 || !endpoint.ok || blueprint.allowAllNet) return [];
  const inUse = new Set(
    deployments.map(deploymentView)
      .filter(({ redisUrl }) => redisUrl === endpoint.value.url)
      .map(({ netHash }) => netHash),
  );
  return children.networkPolicies.flatMap((actual) => {
    const hash = policyHashOf(actual);
    if (hash === undefined || !inUse.has(hash)) return [];
    const network = { blueprint, endpoint: endpoint.value, topology, resolved, members };
    const { policy: object, problems: unopened } = desiredPolicy(network, hash);
    // One of the other flavor is another object, and one with problems would take away the way to Redis.
    if (actual.kind !== object.kind || unopened.length > 0 || !hasDriftedSince(policyHasDrifted, object, actual)) {
      return [];
    }
    return [{ do: 'applyObject', resource: policyResource(actual), object, exists: true, why }];
  });
}
