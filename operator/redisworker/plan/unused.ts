/** Finds policies and sources that no pod uses any more, but for the code that is kept for a rollback, and a Service nobody asks for. */
import { type KubeObject, type Resource, resources } from '../../cluster/cluster.ts';
import type { Action, Why } from '../model/action.ts';
import {
  configMapsOf,
  deploymentView,
  netHashOf,
  objectRef,
  policyHashOf,
  policyResource,
  uidOf,
  type Volume,
} from '../model/children.ts';
import type { Desired } from '../desired/index.ts';
import { sourceOfPart } from '../model/names.ts';
import type { Children } from '../model/observed.ts';

/**
 * Deletions of what neither the desired state nor a pod nor a Deployment refers to.
 * @param keep how many sources that were made last are left beside those
 */
export function unusedChildren(children: Children, desired: Desired, keep: number): Action[] {
  const views = children.deployments.map(deploymentView);
  const netHashes = new Set([...children.pods.map(netHashOf), ...views.map(({ netHash }) => netHash), desired.netHash]);
  const sources = new Set([
    ...children.pods.flatMap(sourcesOf),
    ...views.flatMap(({ sourceConfigMaps }) => sourceConfigMaps),
    ...desired.sources.map(({ metadata }) => metadata.name),
  ]);
  return [
    ...children.networkPolicies.filter((policy) => !netHashes.has(policyHashOf(policy))).map((policy) =>
      deletion(policy, policyResource(policy))
    ),
    ...children.services.filter(({ metadata }) => metadata.name !== desired.service?.metadata.name).map((service) =>
      deletion(service, resources.services, 'HttpDisabled')
    ),
    ...formerSources(children.configMaps.filter(({ metadata }) => !sources.has(metadata.name))).slice(keep).flatMap(
      (parts) => parts.map((part) => deletion(part, resources.configMaps)),
    ),
  ];
}

/** ConfigMaps by the source they hold, the last that was made first. */
function formerSources(configMaps: readonly KubeObject[]): readonly (readonly KubeObject[])[] {
  const bySource = Map.groupBy(configMaps, ({ metadata }) => sourceOfPart(metadata.name));
  const madeAt = (parts: readonly KubeObject[]) => parts[0]?.metadata.creationTimestamp ?? '';
  return [...bySource.values()].sort((one, other) => madeAt(other).localeCompare(madeAt(one)));
}

function deletion(object: KubeObject, resource: Resource, why: Why = 'NoPodUsesIt'): Action {
  return { do: 'deleteObject', resource, ref: objectRef(object), uid: uidOf(object), why };
}

function sourcesOf({ spec }: KubeObject): readonly string[] {
  return configMapsOf((spec as { volumes?: readonly Volume[] } | undefined)?.volumes);
}
