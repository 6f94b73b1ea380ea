/** Everything one reconcile has seen. Decisions are made from this alone. */
import type { EncryptedSecret } from '../../../contract/config-hash.ts';
import type { KubeObject, ObjectRef, Resource } from '../../cluster/cluster.ts';
import type { Part } from '../../code/pack.ts';
import type { AclUser } from '../../redis/acl.ts';
import type { FoundHash } from '../../redis/config-hashes.ts';
import type { ResponseTally } from '../../redis/response-tally.ts';
import type { RedisTarget } from '../../redis/target.ts';
import type { UserState } from '../../redis/user-comparison.ts';
import type { Topology } from '../network/allow-net/topology.ts';
import type { RedisServer } from '../network/redis-servers.ts';
import type { RedisPasswords } from '../desired/redis-password.ts';
import type { Blueprint } from './blueprint.ts';
import type { Needs } from './needs.ts';
import type { Problem, Resolved } from './problem.ts';
import type { Reason } from './reasons.ts';
import type { Texts, WorkView } from './work.ts';

/** Objects of a namespace that carry these labels. */
export interface Selection {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a worker refers to: one object, or all of a selection. */
export interface Referred {
  readonly resource: Resource;
  readonly ref: ObjectRef | Selection;
}

/** The children of a worker as they are. */
export interface Children {
  readonly deployments: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  /** Policies of either flavor. */
  readonly networkPolicies: readonly KubeObject[];
  readonly configMaps: readonly KubeObject[];
  readonly services: readonly KubeObject[];
  readonly runtimeSecret: KubeObject | undefined;
}

/** A resolved source: `sha256-<hex>`, and what the ConfigMaps hold that pods have it from. */
export interface Source {
  /** One with its files as they are, or several with them compressed. */
  readonly parts: readonly Part[];
  /** Name of the file it is to pods. */
  readonly fileName: string;
  readonly digest: string;
  readonly bytes: number;
  /** Why this is the last good code, and not what is asked for now. */
  readonly behind?: Problem | undefined;
  /** Where it was resolved from, when it came from elsewhere. */
  readonly origin?: Origin | undefined;
  /** All that is noted beside the code: what else this very code has been resolved for. */
  readonly origins?: readonly Origin[] | undefined;
  /** The ConfigMaps that hold it already, as they are kept: there are no `parts` then. */
  readonly stored?: readonly KubeObject[] | undefined;
}

/** What code was resolved for, and what was found: kept beside the code, so that nobody has to ask for it again. */
export interface Origin {
  /** Digest of the request. */
  readonly request: string;
  /** The wish to have it resolved anew that was met. */
  readonly wish?: string | undefined;
  readonly digest: string;
  readonly bytes: number;
  readonly entry: string;
  readonly commit?: string | undefined;
  readonly modules: number;
  /** Digests of what each of its ConfigMaps holds, and whether these are pieces. */
  readonly parts: readonly string[];
  readonly isPacked?: boolean | undefined;
  /** The image it is to pods, where a registry keeps it: the ConfigMap then names it, and holds no code. */
  readonly image?: string | undefined;
  /** When, in RFC 3339. */
  readonly time: string;
}

/** What one config hash holds. */
export type HashObservation = FoundHash;

/** What Redis said, or why it said nothing. */
export type RedisObservation =
  | {
    readonly kind: 'answered';
    readonly work: WorkView;
    /** The server tells when something changes of what was read; else it has to be looked up. */
    readonly isTold: boolean;
    /** Consumer ids whose hashes were read: named by the spec, remembered by a child, or members of the work. */
    readonly ids: readonly string[];
    /** By key. */
    readonly hashes: ReadonlyMap<string, HashObservation>;
    /** Of the user the operator keeps; undefined where it keeps none. */
    readonly user: UserState | undefined;
  }
  | { readonly kind: 'fault'; readonly reason: Reason; readonly message: string };

/** Where the worker's Redis is. */
export interface RedisEndpoint {
  /** The URL pods are given, without credentials. */
  readonly url: string;
  /** Without a login. */
  readonly target: RedisTarget;
  /** Everything a pod may dial for Redis, canonical: what the spec names and the members that were discovered. */
  readonly servers: readonly RedisServer[];
}

/** How it is logged in to. */
export interface RedisAccess {
  /** As the operator does it. */
  readonly target: RedisTarget;
  /** As the pods do it. */
  readonly login: PodLogin;
}

/** What a pod is given to log in with. */
export type PodLogin =
  & Pick<RedisTarget, 'username' | 'password' | 'sentinel' | 'tls'>
  & (
    | { readonly kind: 'author' }
    /** The operator's own login, with why no worker has one of its own there. */
    | { readonly kind: 'shared'; readonly why: string }
    | {
      /** A user the operator keeps for this worker. */
      readonly kind: 'own';
      readonly user: AclUser;
      readonly kept: Omit<RedisPasswords, 'current'>;
    }
  );

/** A worker that goes first, and what it has that this one wants. */
export interface Rival {
  /** `namespace/name`. */
  readonly worker: string;
  readonly over: 'type' | 'group';
}

/** A key or pattern a spec names that is another worker's, with the field that names it. */
export interface ForeignKey {
  readonly field: string;
  readonly key: string;
  /** `namespace/name` of the worker whose it is. */
  readonly worker: string;
}

/** A spec that can be read, with everything it refers to. */
export interface ObservedSpec {
  readonly blueprint: Blueprint;
  /** What in the spec cannot be carried out; with any, the blueprint serves for cleaning up alone. */
  readonly problems: readonly Problem[];
  /** A worker that has what this one wants on the same Redis. */
  readonly rival: Rival | undefined;
  /** What it names on the default Redis that is not its own. */
  readonly foreignKeys: readonly ForeignKey[];
  readonly source: Resolved<Source>;
  /** What the ConfigMaps hold that the work names; absent where it names none. */
  readonly texts?: Resolved<Texts>;
  /** The question for code that is not answered yet, by its id. */
  readonly asksCode?: string | undefined;
  /** The user's Secret, encrypted; undefined when the spec names none. */
  readonly secret: Resolved<EncryptedSecret | undefined>;
  readonly endpoint: Resolved<RedisEndpoint>;
  readonly access: Resolved<RedisAccess>;
  readonly redis: RedisObservation;
  readonly topology: Topology;
  /** What `topology` and `endpoint` say of names outside the cluster, as the policy's annotation. */
  readonly resolved?: string | undefined;
  /** The members of the Redis that were discovered, as the policy's annotation. */
  readonly members?: string | undefined;
  /** The Redis to go on asking for its members, when it may have some. */
  readonly asksMembersOf?: RedisTarget | undefined;
  /** Names outside the cluster that were asked for. */
  readonly outsideHosts: readonly string[];
}

/** One look at a worker and its surroundings. */
export interface Observed {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly object: KubeObject;
  /** Undefined when the spec cannot be read at all: `unreadable` then says why. */
  readonly spec: ObservedSpec | undefined;
  readonly unreadable: readonly Problem[];
  readonly children: Children;
  /** What was read by name or by label beside the children. */
  readonly referred: readonly Referred[];
  /** The AES key in use, or a fresh one when there is none yet. */
  readonly aesKey: string;
  /** How many consumers it needed at recent looks, where the operator decides their number. */
  readonly needs: Needs | undefined;
  /** What the response stream has shown so far. */
  readonly responses: ResponseTally;
  /** Why the operator does not reach its own canary; undefined when it does, or has none. */
  readonly canaryProblem: string | undefined;
  /** The worker is being deleted and its Redis has not answered for so long that cleaning up there is given up. */
  readonly abandonRedis: boolean;
}
