/** The live copies every reconcile reads from. */
import { type Cluster, type Followed, resources } from '../../cluster/cluster.ts';
import { labels, managedBy } from '../model/names.ts';

/** Live copies of the kinds a reconcile reads. */
export type LiveCopies = {
  readonly workers: Followed;
  readonly deployments: Followed;
  readonly pods: Followed;
  readonly networkPolicies: Followed;
  readonly configMaps: Followed;
  readonly services: Followed;
};

/** Opens them; of children only those the operator manages. @param namespace all when undefined */
export function liveCopies(cluster: Cluster, namespace: string | undefined): LiveCopies {
  const where = namespace === undefined ? {} : { namespace };
  const ours = { ...where, labels: { [labels.managedBy]: managedBy } };
  return {
    workers: cluster.follow(resources.redisWorkers, where),
    deployments: cluster.follow(resources.deployments, ours),
    pods: cluster.follow(resources.pods, ours),
    networkPolicies: cluster.follow(resources.networkPolicies, ours),
    configMaps: cluster.follow(resources.configMaps, ours),
    services: cluster.follow(resources.services, where),
  };
}
