/** One namespace of a control plane with nodes of kwok: what a test does to the workers in it, and what it finds. */
import type { RedisWorkerStatus } from '../../../operator/api/redisworker.ts';
import type { OperatorProcess } from '../operator.ts';
import { checkInvariants, type Found, lookWith } from '../invariants.ts';
import { eventually } from '../wait.ts';
import type { AuditEntry } from './audit-log.ts';
import { inNamespace, type KwokWorld } from './kwok-world.ts';

/** For a machine that does much else. */
const patienceMs = 120_000;
const account = 'system:serviceaccount:default:redisworker-operator';
const reading = new Set(['get', 'list', 'watch']);

/** An object as a test reads it. */
export interface SiteObject {
  readonly kind: string;
  readonly metadata: Found['metadata'] & { readonly finalizers?: readonly string[] };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: RedisWorkerStatus & { readonly phase?: string };
}

/** The namespace. */
export interface KwokSite {
  readonly namespace: string;
  kubectl(...args: readonly string[]): Promise<string>;
  apply(...objects: { metadata: object }[]): Promise<string>;
  patch(kind: string, name: string, merge: object, ...args: readonly string[]): Promise<string>;
  scale(worker: string, count: number): Promise<string>;
  list(kind: string): Promise<SiteObject[]>;
  get(kind: string, name: string): Promise<SiteObject | undefined>;
  pods(worker: string): Promise<SiteObject[]>;
  look(): Promise<readonly Found[]>;
  /** Waits until the worker is Ready with what it asks for now, and with so many consumers: `2/2`. */
  ready(worker: string, consumers: string): Promise<unknown>;
  /** Waits for a condition. @returns its message */
  told(worker: string, type: string, status: string, reason?: string): Promise<string>;
  gone(worker: string): Promise<unknown>;
  /** What an operator has written since then, as `patch redisworkers/status w`; without events. */
  writes(since: string): Promise<string[]>;
  /** Every invariant holds, and the operator has kept every secret. */
  check(...operators: readonly OperatorProcess[]): Promise<void>;
}

/** Makes the namespace, or goes on with the one there is. */
export async function openSite(world: KwokWorld, namespace: string): Promise<KwokSite> {
  const kubectl = (...args: readonly string[]) => world.kubectl(['-n', namespace, ...args]);
  const list = async (kind: string, ...args: readonly string[]) =>
    (JSON.parse(await kubectl('get', kind, '-o', 'json', ...args)) as { items: SiteObject[] }).items;
  const get = async (kind: string, name: string) => (await list(kind)).find(({ metadata }) => metadata.name === name);
  const patch = (kind: string, name: string, merge: object, ...args: readonly string[]) =>
    kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify(merge), ...args);
  const look = lookWith(world.kubectl, namespace);
  await world.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return {
    namespace,
    kubectl,
    apply: (...objects) => world.apply(...objects.map(inNamespace(namespace))),
    patch,
    scale: (worker, count) => kubectl('scale', `rw/${worker}`, `--replicas=${count}`),
    list,
    get,
    pods: (worker) => list('pods', '-l', `redisworker.dev/name=${worker}`),
    look,
    ready: (worker, consumers) =>
      eventually(`${worker} is Ready, ${consumers}`, async () => {
        const { metadata, status } = await get('rw', worker) ?? {};
        return status?.observedGeneration === metadata?.generation && status?.consumersReady === consumers &&
          status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
      }, patienceMs),
    told: (worker, type, status, reason) =>
      eventually(`${type} of ${worker} is ${status} ${reason ?? ''}`, async () => {
        const found = (await get('rw', worker))?.status?.conditions?.find((one) => one.type === type);
        return found?.status === status && (reason === undefined || found.reason === reason) && found.message;
      }, patienceMs),
    gone: (worker) => eventually(`${worker} is gone`, async () => (await get('rw', worker)) === undefined, patienceMs),
    writes: async (since) => (await world.cluster.auditLog()).filter(isWrite(namespace, since)).map(worded),
    check: (...operators) =>
      checkInvariants({
        namespace,
        redis: [world.redis.client],
        output: () => operators.map((operator) => operator.output()).join(''),
        look,
      }, patienceMs),
  };
}

function isWrite(namespace: string, since: string) {
  return ({ user, verb, objectRef, stageTimestamp }: AuditEntry): boolean =>
    user.username === account && stageTimestamp >= since && !reading.has(verb) &&
    objectRef?.namespace === namespace && !['events', 'leases'].includes(objectRef.resource ?? '');
}

function worded({ verb, objectRef: { resource = '', subresource, name = '' } = {} }: AuditEntry): string {
  return `${verb} ${[resource, subresource].filter((part) => part !== undefined).join('/')} ${name}`;
}
