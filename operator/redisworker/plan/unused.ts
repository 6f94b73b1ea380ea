/** Finds policies and sources that no pod uses any more. */
import { type KubeObject, type Resource, resources } from '../../cluster/cluster.ts';
import type { Action } from '../model/action.ts';
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
import type { Children } from '../model/observed.ts';

/** Deletions of what neither the desired state nor a pod nor a Deployment refers to. */
export function unusedChildren(children: Children, desired: Desired): Action[] {
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
    ...children.configMaps.filter(({ metadata }) => !sources.has(metadata.name)).map((source) =>
      deletion(source, resources.configMaps)
    ),
  ];
}

function deletion(object: KubeObject, resource: Resource): Action {
  return { do: 'deleteObject', resource, ref: objectRef(object), uid: uidOf(object), why: 'NoPodUsesIt' };
}

function sourcesOf({ spec }: KubeObject): readonly string[] {
  return configMapsOf((spec as { volumes?: readonly Volume[] } | undefined)?.volumes);
}
