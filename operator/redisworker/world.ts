/** What a reconcile can reach: the cluster with its live copies, Redis, and time. */
import type { Clock } from '../clock.ts';
import { type Cluster, type Followed, resources } from '../cluster/cluster.ts';
import type { RedisConnections } from '../redis/connections.ts';
import type { ResponseReader } from '../redis/response-reader.ts';
import type { Defaults } from './model/blueprint.ts';
import type { CiliumPolicies } from './follow/cilium-policies.ts';
import { labels, managedBy } from './model/names.ts';
import type { OutsideNames } from './follow/outside-names.ts';
import type { References } from './follow/references.ts';

/** Live copies of the kinds a reconcile reads. */
export type LiveCopies = {
  readonly workers: Followed;
  readonly deployments: Followed;
  readonly pods: Followed;
  readonly networkPolicies: Followed;
  readonly configMaps: Followed;
  readonly services: Followed;
};

/** Login of the operator's default Redis. */
export interface DefaultLogin {
  readonly username?: string;
  readonly password?: string;
}

/** Handed to every reconcile. */
export interface World {
  readonly cluster: Cluster;
  readonly copies: LiveCopies;
  readonly references: References;
  readonly ciliumPolicies: CiliumPolicies;
  readonly redis: RedisConnections;
  readonly responses: ResponseReader;
  readonly defaults: Defaults & { readonly login: DefaultLogin };
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void };
  /** A fresh AES-128 key in hex. */
  readonly freshKey: () => string;
  /** Why the operator does not reach its own canary; undefined when it does, or has none. */
  readonly canaryProblem: () => string | undefined;
  /** Names outside the cluster, kept resolved. */
  readonly outside: OutsideNames;
}

/** Starts the live copies; of children only those the operator manages. */
export function followAll(cluster: Cluster, namespace: string | undefined): LiveCopies {
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
