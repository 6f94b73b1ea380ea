/** The live copies every reconcile reads from. */
import { type Cluster, type Followed, resources } from '../../cluster/cluster.ts';
import { keptSource } from '../desired/source-config-map.ts';
import { workerNamed, workerOfOrphan } from '../model/belonging.ts';
import { labels, managedBy } from '../model/names.ts';
import { keptDeployment, keptPod, keptPolicy, keptService, keptWorker } from './kept.ts';

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
    workers: cluster.follow(resources.redisWorkers, { ...where, keep: keptWorker }),
    deployments: cluster.follow(resources.deployments, { ...ours, keep: keptDeployment, group: workerOfOrphan }),
    pods: cluster.follow(resources.pods, { ...ours, keep: keptPod, group: workerNamed }),
    networkPolicies: cluster.follow(resources.networkPolicies, { ...ours, keep: keptPolicy, group: workerOfOrphan }),
    configMaps: cluster.follow(resources.configMaps, { ...ours, keep: keptSource, group: workerOfOrphan }),
    services: cluster.follow(resources.services, { ...where, keep: keptService, group: workerOfOrphan }),
  };
}
