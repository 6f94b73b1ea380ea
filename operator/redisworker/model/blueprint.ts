/** What a spec asks for, with nothing left to default and every name made. Pure. */
import type { HandlerSettings } from '../../../contract/pod.ts';
import type { RedisWorker, RedisWorkerSpec } from '../../api/redisworker.ts';
import type { Block } from '../network/allow-net/address.ts';
import { type ParsedScope, parseScope } from '../network/allow-net/canonical.ts';
import type { NetEntry } from '../network/allow-net/entry.ts';
import type { NameRules } from '../network/allow-net/outside.ts';
import { defaultResources, type PodSettings } from '../desired/deployment.ts';
import { memoryMiB } from '../desired/memory.ts';
import type { Parent } from '../desired/metadata.ts';
import { type GateDefaults, type GatePlan, gatePlan } from '../network/gate.ts';
import { type Problem, terminal } from './problem.ts';
import { unsupportedFields } from './unsupported.ts';

/** The streams of a worker: the one kind of work there is today. Another kind gets a sibling of this. */
export interface StreamBlueprint {
  readonly request: string;
  readonly response: string;
  readonly group: string;
  readonly startId: string;
  readonly requestLimit: number;
  readonly replyExpireSeconds: number;
  readonly responseLimit: number;
}

/** A worker as the operator means to run it. */
export interface Blueprint {
  readonly parent: Parent;
  readonly generation: number;
  readonly type: string;
  readonly runtime: 'Handler' | 'Script';
  readonly consumerIds: readonly string[];
  readonly source: RedisWorkerSpec['source'];
  readonly secretName: string | undefined;
  readonly redis: RedisWorkerSpec['redis'];
  /** URL the pods connect to. */
  readonly redisUrl: string;
  readonly stream: StreamBlueprint;
  readonly settings: HandlerSettings;
  readonly scope: readonly NetEntry[];
  readonly deny: readonly NetEntry[];
  readonly allowAllNet: boolean;
  readonly gate: GatePlan;
  readonly outsideNames: NameRules['mode'];
  readonly clusterBlocks: readonly Block[];
  /** Kind of policy the pods get. */
  readonly flavor: 'Kubernetes' | 'Cilium';
  /** Search domains of the nodes. */
  readonly searchDomains: readonly string[];
  readonly allowEnv: readonly string[];
  readonly denoOptions: readonly string[];
  readonly suspend: boolean;
  readonly deletionPolicy: 'Delete' | 'Retain';
  readonly image: string;
  readonly memoryMiB: number;
  readonly terminationGracePeriodSeconds: number;
  readonly pod: PodSettings;
}

/** What the operator was started with and a spec may leave open. */
export interface Defaults extends GateDefaults {
  readonly redisUrl: string | undefined;
  readonly image: string;
  /** Blocks of pods, Services and nodes that lie among public addresses; none when absent. */
  readonly clusterBlocks?: readonly Block[];
  /** Search domains the nodes add to those of the cluster; none when absent. */
  readonly searchDomains?: readonly string[];
}

/** Seconds between the end of a handler's time and the end of its pod. */
const graceAfterTimeoutSeconds = 5;
/** Seconds a process keeps back for its last commit. */
const lastCommitSeconds = 2;

/** A blueprint as far as the spec allows one; with problems it serves for cleaning up alone. */
export interface Drafted {
  readonly blueprint: Blueprint | undefined;
  readonly problems: readonly Problem[];
}

/** Resolves a worker and says what in its spec cannot be. */
export function blueprintOf(worker: RedisWorker, defaults: Defaults): Drafted {
  const { spec } = worker;
  const scope = parseScope(spec.permissions.net);
  const deny = parseScope(spec.permissions.denyNet);
  const redisUrl = spec.redis?.url ?? defaults.redisUrl;
  const net = {
    scope: scope.ok ? scope.scope : [],
    deny: deny.ok ? deny.scope : [],
    allowAllNet: spec.permissions.allowAllNet === 'Granted',
  };
  const gate = gatePlan({
    ...net,
    outsideNames: spec.permissions.outsideNames,
    enforcement: spec.networkPolicy.enforcement,
  }, defaults);
  const problems = [
    ...unsupportedFields(spec),
    ...scopeProblems('spec.permissions.net', scope),
    ...scopeProblems('spec.permissions.denyNet', deny),
    ...gateProblems(spec.networkPolicy, gate),
    ...(redisUrl === undefined
      ? [
        terminal(
          'NoRedis',
          'spec.redis.url is not given and the operator has no default Redis: give spec.redis.url, or start the operator with --redis',
        ),
      ]
      : []),
  ];
  if (redisUrl === undefined) return { blueprint: undefined, problems };
  const grace = spec.pod.terminationGracePeriodSeconds ?? spec.handler.timeoutSeconds + graceAfterTimeoutSeconds;
  return {
    problems,
    blueprint: {
      parent: parentOf(worker),
      generation: worker.metadata.generation ?? 0,
      type: spec.type,
      runtime: spec.runtime,
      consumerIds: consumerIds(spec),
      source: spec.source,
      secretName: spec.secretRef?.name,
      redis: spec.redis,
      redisUrl,
      stream: spec.stream,
      settings: handlerSettings(spec, grace),
      ...net,
      gate,
      outsideNames: spec.permissions.outsideNames,
      clusterBlocks: defaults.clusterBlocks ?? [],
      flavor: spec.networkPolicy.flavor,
      searchDomains: defaults.searchDomains ?? [],
      allowEnv: spec.permissions.env,
      denoOptions: spec.denoOptions,
      suspend: spec.suspend,
      deletionPolicy: spec.deletionPolicy,
      image: spec.pod.image ?? defaults.image,
      memoryMiB: memoryMiB(spec.pod.resources?.limits?.['memory'] ?? defaultResources.limits.memory) ?? 128,
      terminationGracePeriodSeconds: grace,
      pod: podSettings(spec),
    },
  };
}

function scopeProblems(field: string, scope: ParsedScope): Problem[] {
  return scope.ok ? [] : scope.problems.map((text) => terminal('InvalidAllowNet', `${field}: ${text}`));
}

/** The ids a spec names: `ids`, or "1" to the count. */
export function consumerIds({ consumers }: Pick<RedisWorkerSpec, 'consumers'>): string[] {
  if (consumers.ids) return [...consumers.ids];
  return Array.from({ length: consumers.count ?? 0 }, (_, at) => String(at + 1));
}

function parentOf({ apiVersion, kind, metadata }: RedisWorker): Parent {
  return { apiVersion, kind, namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid ?? '' };
}

function handlerSettings({ handler, stream }: RedisWorkerSpec, graceSeconds: number): HandlerSettings {
  return {
    group: stream.group,
    concurrency: handler.concurrency,
    timeoutSeconds: handler.timeoutSeconds,
    maxAttempts: handler.maxAttempts,
    maxDeliveries: handler.maxDeliveries,
    backoff: handler.backoff,
    deadLetterStream: handler.deadLetter,
    traces: stream.traces === 'Enabled' ? 'On' : 'Off',
    retention: stream.retention,
    graceSeconds: Math.max(graceSeconds - lastCommitSeconds, 1),
  };
}

function podSettings({ pod }: RedisWorkerSpec): PodSettings {
  return {
    resources: pod.resources,
    nodeSelector: pod.nodeSelector,
    affinity: pod.affinity,
    priorityClassName: pod.priorityClassName,
    labels: pod.labels,
    annotations: pod.annotations,
    tolerations: pod.tolerations.length > 0 ? pod.tolerations : undefined,
    topologySpreadConstraints: pod.topologySpreadConstraints.length > 0 ? pod.topologySpreadConstraints : undefined,
    imagePullSecrets: pod.imagePullSecrets.length > 0 ? pod.imagePullSecrets : undefined,
  };
}

/** A worker that insists on a closed network is not started where nobody can tell. */
function gateProblems({ enforcement }: RedisWorkerSpec['networkPolicy'], plan: GatePlan): Problem[] {
  if (enforcement !== 'Required' || plan.kind === 'on') return [];
  return [
    terminal(
      'EnforcementUnverifiable',
      `spec.networkPolicy.enforcement is Required and cannot be met: ${plan.message}; or use BestEffort`,
    ),
  ];
}
