/** What a spec asks for, with nothing left to default and every name made. */
import type {
  Affinity,
  LocalObjectReference,
  ResourceRequirements,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.d.ts';
import type { WorkerConfig } from '../../../contract/config-hash.ts';
import type { CodeRequest } from '../../code/request.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { Block } from '../network/allow-net/address.ts';
import type { NetEntry } from '../network/allow-net/entry.ts';
import type { NameRules } from '../network/allow-net/outside.ts';
import type { GateDefaults, GatePlan } from '../network/gate.ts';
import type { Caller } from '../network/ingress.ts';
import type { RedisHosts } from '../network/redis-hosts.ts';
import type { WorkBlueprint } from './work.ts';

/** Who a child belongs to. */
export interface Parent {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Pod settings a user may give, in Kubernetes' own shapes. */
export interface PodSettings {
  readonly resources?: ResourceRequirements | undefined;
  readonly nodeSelector?: Record<string, string> | undefined;
  readonly tolerations?: Toleration[] | undefined;
  readonly affinity?: Affinity | undefined;
  readonly topologySpreadConstraints?: TopologySpreadConstraint[] | undefined;
  readonly priorityClassName?: string | undefined;
  readonly labels?: Record<string, string> | undefined;
  readonly annotations?: Record<string, string> | undefined;
  readonly imagePullSecrets?: LocalObjectReference[] | undefined;
}

/** How a worker is called over HTTP. */
export interface HttpBlueprint {
  /** Port of its Service. */
  readonly port: number;
  readonly callers: readonly Caller[];
}

/** A worker as the operator means to run it. */
export interface Blueprint {
  readonly parent: Parent;
  readonly generation: number;
  readonly type: string;
  readonly runtime: RedisWorkerSpec['runtime'];
  /** Whom the spec names. */
  readonly consumers: RedisWorkerSpec['consumers'];
  readonly source: RedisWorkerSpec['source'];
  /** Why the module could not be made anew: whatever the source names is of before. */
  readonly sourceProblem: string | undefined;
  /** What config hashes say of code that came from elsewhere; undefined for any other. */
  readonly cameFrom: Pick<WorkerConfig, 'workerUrl' | 'workerVersion' | 'repo' | 'class'> | undefined;
  /** The last wish of somebody to have the code resolved anew. */
  readonly resolveWish: string | undefined;
  readonly secretName: string | undefined;
  /** The Redis the spec names; undefined when it names none, and the worker has the operator's. */
  readonly redis: RedisWorkerSpec['redis'];
  /** Patterns of what the code may use of the operator's Redis beside its work. */
  readonly opens: { readonly keys: readonly string[]; readonly channels: readonly string[] };
  /** What the keys of the worker begin with. */
  readonly keyPrefix: string;
  /** URL the pods connect to; undefined when neither the spec nor the operator names one. */
  readonly redisUrl: string | undefined;
  /** Where its work comes from. */
  readonly work: WorkBlueprint;
  readonly scope: readonly NetEntry[];
  /** The scope, and what the process sends to beside the code: all that the policy opens but Redis. */
  readonly policyScope: readonly NetEntry[];
  readonly deny: readonly NetEntry[];
  readonly allowAllNet: boolean;
  /** Undefined for a worker nobody calls over HTTP. */
  readonly http: HttpBlueprint | undefined;
  readonly gate: GatePlan;
  readonly outsideNames: NameRules['mode'];
  readonly clusterBlocks: readonly Block[];
  /** Kind of policy the pods get. */
  readonly flavor: 'Kubernetes' | 'Cilium';
  /** Search domains of the nodes. */
  readonly searchDomains: readonly string[];
  readonly allowEnv: readonly string[];
  readonly denoOptions: readonly string[];
  readonly telemetry: RedisWorkerSpec['telemetry'];
  readonly rollout: RedisWorkerSpec['rollout'];
  readonly suspend: boolean;
  readonly deletionPolicy: 'Delete' | 'Retain';
  readonly image: string;
  /** The image is the worker's own, so what its pods tell of themselves is its word alone. */
  readonly customImage: boolean;
  readonly podNetwork: PodNetwork;
  readonly podUser: PodUser;
  readonly memoryMiB: number;
  readonly terminationGracePeriodSeconds: number;
  readonly pod: PodSettings;
}

/** Fields of spec.pod by which a worker can leave what the operator vouches for. */
export const deniablePodFields = ['annotations', 'image', 'labels'] as const;

/** One of {@link deniablePodFields}. */
export type DeniablePodField = (typeof deniablePodFields)[number];

/** Whether a pod has a loopback of its own, or the one of the machine it runs on. */
export const podNetworks = ['Own', 'Shared'] as const;
export type PodNetwork = (typeof podNetworks)[number];

/** Whether pods run as the user of the image, or as whom the cluster gives them: OpenShift chooses ids per namespace. */
export const podUsers = ['Image', 'Assigned'] as const;
export type PodUser = (typeof podUsers)[number];

/** Namespaces by name, or all of them. */
export type SharingNamespaces = 'All' | readonly string[];

/** The label a Secret has to carry before a worker gets it; with any value when none is given. */
export interface ConsentLabel {
  readonly key: string;
  readonly value?: string;
}

/** What the operator was started with and a spec may leave open. */
export interface Defaults extends GateDefaults {
  readonly redisUrl: string | undefined;
  readonly image: string;
  /** Blocks of pods, Services and nodes that lie among public addresses; none when absent. */
  readonly clusterBlocks?: readonly Block[];
  /** Search domains the nodes add to those of the cluster; none when absent. */
  readonly searchDomains?: readonly string[];
  /** Fields of spec.pod the admin keeps to himself; none when absent. */
  readonly deniedPodFields?: readonly DeniablePodField[];
  /** Namespaces whose workers may have the operator's own login where none gets one of its own; none when absent. */
  readonly defaultRedisNamespaces?: SharingNamespaces;
  /** Age in milliseconds at which a worker's own password is replaced; never when absent. */
  readonly redisPasswordMaxAgeMs?: number | undefined;
  /** What the admin says of the hosts of spec.redis; where there is no admin, as on a laptop, every host is taken. */
  readonly redisHosts?: RedisHosts | undefined;
  /** Demanded of every Secret a spec refers to; none when absent. */
  readonly secretConsent?: ConsentLabel | undefined;
  /** Addresses of the registries of npm and JSR that code from elsewhere imports from; the public ones when absent. */
  readonly registries?: CodeRequest['registries'] | undefined;
  /** Shared when absent. */
  readonly podNetwork?: PodNetwork;
  /** That of the image when absent. */
  readonly podUser?: PodUser;
}
