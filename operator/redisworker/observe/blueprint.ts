/** Resolves a spec: what it asks for, with nothing left to default. Pure. */
import { keyPrefix } from '../../../contract/keys.ts';
import type { RedisWorker, RedisWorkerSpec } from '../../api/redisworker.ts';
import { defaultResources } from '../desired/deployment.ts';
import { memoryMiB } from '../desired/memory.ts';
import type { Blueprint, Defaults, DeniablePodField, Parent, PodSettings } from '../model/blueprint.ts';
import { annotations } from '../model/names.ts';
import { type Problem, terminal } from '../model/problem.ts';
import { ownRedisUrl, topologyOf } from '../model/redis-url.ts';
import { canonicalScope, type ParsedScope, parseScope } from '../network/allow-net/canonical.ts';
import { type GatePlan, gatePlan } from '../network/gate.ts';
import { callersOf } from '../network/ingress.ts';
import { workOf } from '../work/index.ts';
import { cameFrom } from '../model/code-request.ts';
import { clusterProblems } from './cluster-problems.ts';

/** A blueprint; with problems it serves for stopping and cleaning up alone. */
export interface Draft {
  readonly blueprint: Blueprint;
  readonly problems: readonly Problem[];
}

/** Seconds between the end of a handler's time and the end of its pod. */
const graceAfterTimeoutSeconds = 5;

/** Resolves a worker and says what in its spec cannot be. */
export function blueprintOf(worker: RedisWorker, defaults: Defaults): Draft {
  const { spec } = worker;
  const scope = parseScope(spec.permissions.net);
  const deny = parseScope(spec.permissions.denyNet);
  const collector = parseScope(spec.telemetry === undefined ? [] : [withoutScheme(spec.telemetry.endpoint)]);
  const ownUrl = ownRedisUrl(spec.redis);
  const redisUrl = ownUrl ?? defaults.redisUrl;
  const topology = topologyOf(redisUrl);
  const prefix = keyPrefix(spec.type, topology);
  const net = {
    scope: scope.ok ? scope.scope : [],
    deny: deny.ok ? deny.scope : [],
    allowAllNet: spec.permissions.allowAllNet === 'Granted',
  };
  const grace = graceOf(spec);
  const memory = memoryOf(spec);
  const work = workOf(worker, { prefix, graceSeconds: grace, memoryMiB: memory, net });
  const opened = { ...net, ...(work.net === undefined ? {} : { scope: work.net.scope }) };
  const gate = gatePlan({
    ...opened,
    outsideNames: spec.permissions.outsideNames,
    enforcement: spec.networkPolicy.enforcement,
  }, defaults);
  const { callers, problems: unreadable } = callersOf(spec.http?.from ?? [], parentOf(worker).namespace);
  const problems = [
    ...unreadable.map((text) => terminal('InvalidSpec', `spec.http.from: ${text}`)),
    ...scopeProblems('spec.permissions.net', scope),
    ...scopeProblems('spec.permissions.denyNet', deny),
    ...scopeProblems('spec.telemetry.endpoint', collector),
    ...gateProblems(spec.networkPolicy, gate),
    ...(topology.kind === 'Cluster' ? clusterProblems(spec) : []),
    ...deniedFields(spec.pod, defaults.deniedPodFields ?? []),
  ];
  return {
    problems: [...problems, ...work.problems ?? []],
    blueprint: {
      parent: parentOf(worker),
      generation: worker.metadata.generation ?? 0,
      type: spec.type,
      runtime: spec.runtime,
      consumers: spec.consumers,
      source: spec.source,
      ...codeOf(worker),
      secretName: spec.secretRef?.name,
      redis: ownUrl === undefined ? undefined : spec.redis,
      opens: opensOf(spec),
      keyPrefix: prefix,
      redisUrl,
      work,
      ...opened,
      http: spec.http && { port: spec.http.port, callers },
      policyScope: collector.ok ? canonicalScope([...opened.scope, ...collector.scope]) : opened.scope,
      gate,
      outsideNames: spec.permissions.outsideNames,
      flavor: spec.networkPolicy.flavor,
      allowEnv: spec.permissions.env,
      denoOptions: spec.denoOptions,
      telemetry: spec.telemetry,
      rollout: spec.rollout,
      suspend: spec.suspend,
      deletionPolicy: spec.deletionPolicy,
      customImage: spec.pod.image !== undefined,
      ...placeOf(defaults),
      image: spec.pod.image ?? defaults.image,
      memoryMiB: memory,
      terminationGracePeriodSeconds: grace,
      pod: podSettings(spec),
    },
  };
}

/** Seconds a pod has to end. */
function graceOf({ tasks, handler, pod }: RedisWorkerSpec): number {
  const { timeoutSeconds } = tasks ?? handler;
  return pod.terminationGracePeriodSeconds ?? timeoutSeconds + graceAfterTimeoutSeconds;
}

/** What is said of its code beside the spec. */
function codeOf({ spec, metadata: { annotations: notes = {} } }: RedisWorker) {
  return {
    sourceProblem: notes[annotations.sourceProblem],
    cameFrom: cameFrom(spec.source, notes[annotations.release]),
    resolveWish: notes[annotations.resolveRequestedAt],
  };
}

/** What the cluster is like that the pods run in. */
function placeOf({ clusterBlocks = [], searchDomains = [], podNetwork = 'Shared', podUser = 'Image' }: Defaults) {
  return { clusterBlocks, searchDomains, podNetwork, podUser };
}

/** MiB a container may take. */
function memoryOf({ pod: { resources }, runtime }: RedisWorkerSpec): number {
  return memoryMiB(resources?.limits?.['memory'] ?? defaultResources[runtime].limits.memory) ?? 128;
}

function scopeProblems(field: string, scope: ParsedScope): Problem[] {
  return scope.ok ? [] : scope.problems.map((text) => terminal('InvalidAllowNet', `${field}: ${text}`));
}

function withoutScheme(endpoint: string): string {
  return endpoint.replace(/^https?:\/\//, '');
}

function parentOf({ apiVersion, kind, metadata }: RedisWorker): Parent {
  return { apiVersion, kind, namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid ?? '' };
}

function opensOf({ redis }: RedisWorkerSpec): Blueprint['opens'] {
  return { keys: redis?.keys ?? [], channels: redis?.channels ?? [] };
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

/** An empty map asks for nothing. */
function deniedFields(pod: RedisWorkerSpec['pod'], denied: readonly DeniablePodField[]): Problem[] {
  return denied.filter((field) => Object.keys(pod[field] ?? {}).length > 0).map((field) =>
    terminal(
      'FieldDenied',
      `spec.pod.${field} may not be set here: remove it, or have the operator started without --deny-pod-field ${field}`,
    )
  );
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
