/** Everything one reconcile has seen. Decisions are made from this alone. */
import type { EncryptedSecret } from '../../contract/config-hash.ts';
import type { KubeObject } from '../cluster/cluster.ts';
import type { ResponseTally } from '../redis/tally.ts';
import type { StreamObservation } from '../redis/streams.ts';
import type { RedisTarget } from '../redis/target.ts';
import type { Topology } from './allow-net/translate.ts';
import type { Blueprint } from './blueprint.ts';
import type { Source } from './desired/source-config-map.ts';
import type { Problem, Resolved } from './problem.ts';

/** The children of a worker as they are. */
export interface Children {
  readonly deployments: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly networkPolicies: readonly KubeObject[];
  readonly configMaps: readonly KubeObject[];
  readonly runtimeSecret: KubeObject | undefined;
}

/** What one config hash holds. */
export type HashObservation = Readonly<Record<string, string>> | 'absent' | 'wrongType';

/** What Redis said, or why it said nothing. */
export type RedisObservation =
  | { readonly kind: 'answered'; readonly hashes: ReadonlyMap<string, HashObservation>; readonly stream: StreamObservation }
  | { readonly kind: 'fault'; readonly reason: string; readonly message: string };

/** Who can be reached under the worker's Redis URL. */
export interface RedisAccess {
  readonly target: RedisTarget;
  /** Addresses of a host outside the cluster, for the policy; empty for Services, addresses and loopback. */
  readonly addresses: readonly string[];
}

/** A valid spec with everything it refers to. */
export interface ObservedSpec {
  readonly blueprint: Blueprint;
  /** `namespace/name` of an older worker with the same type on the same Redis. */
  readonly rival: string | undefined;
  readonly source: Resolved<Source>;
  /** The user's Secret, encrypted; undefined when the spec names none. */
  readonly secret: Resolved<EncryptedSecret | undefined>;
  readonly access: Resolved<RedisAccess>;
  readonly redis: RedisObservation;
  /** Consumer ids whose hashes were read: wanted, remembered by a Deployment, or members of the group. */
  readonly hashIds: readonly string[];
  readonly topology: Topology;
}

/** One look at a worker and its surroundings. */
export interface Observed {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly object: KubeObject;
  readonly spec: { readonly kind: 'valid'; readonly value: ObservedSpec } | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };
  readonly children: Children;
  /** The AES key in use, or a fresh one when there is none yet. */
  readonly aesKey: string;
  readonly responses: ResponseTally | undefined;
}
