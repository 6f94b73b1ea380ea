/** A release of the chart on a node: its namespace, its trial Redis, its workers. */
import { Redis } from 'ioredis';
import type { KubeObject } from '../../../operator/cluster/cluster.ts';
import { eventually } from '../wait.ts';
import type { Node } from './node.ts';
import { createRestrictedNamespace } from './shared.ts';
import { type LiveWorker, patienceMs } from './site.ts';

/** Of every release here; the objects of the chart are called so too. */
export const releaseName = 'redis-worker-operator';
const crd = 'redisworkers.redisworker.dev';

/** Where a release is, or will be. */
export interface Release {
  readonly node: Node;
  readonly namespace: string;
  /** Arguments of helm that say which release. */
  readonly where: readonly string[];
  /** kubectl in the namespace. @throws Error with its stderr */
  kubectl(...args: string[]): Promise<string>;
  list<T = KubeObject>(...what: string[]): Promise<T[]>;
  worker(name: string): Promise<LiveWorker>;
  /** Waits until workers are ready as they were written last. */
  ready(...names: string[]): Promise<void>;
  /** Runs a program in the pod of the operator. */
  inOperator(...command: string[]): Promise<string>;
  /** A connection to the trial Redis from outside the cluster, which its policy has to allow; the caller disconnects. */
  connectRedis(): Promise<Redis>;
  /** Deletes all workers, while there is an operator that takes their finalizers off. */
  deleteWorkers(): Promise<void>;
}

/** Makes the namespace, which holds its pods to the restricted level. */
export async function openRelease(node: Node, prefix: string): Promise<Release> {
  const namespace = await createRestrictedNamespace(node, prefix);
  const kubectl = (...args: string[]): Promise<string> => node.kubectlOk(['-n', namespace, ...args]);
  const get = async (...what: string[]): Promise<unknown> => JSON.parse(await kubectl('get', ...what, '-o', 'json'));
  return {
    node,
    namespace,
    where: ['--namespace', namespace],
    kubectl,
    list: async <T>(...what: string[]) => (await get(...what) as { items: T[] }).items,
    worker: async (name) => await get('rw', name) as LiveWorker,
    async ready(...names) {
      const workers = names.map((name) => `rw/${name}`);
      await kubectl('wait', '--for=condition=Ready', `--timeout=${patienceMs / 1000}s`, ...workers);
    },
    inOperator: (...command) => kubectl('exec', `deploy/${releaseName}`, '--', ...command),
    async connectRedis() {
      const { spec } = await get('service', `${releaseName}-redis`) as { spec: { clusterIP: string } };
      const { data } = await get('secret', `${releaseName}-redis`) as { data: { password: string } };
      const redis = new Redis({ host: spec.clusterIP, password: Buffer.from(data.password, 'base64').toString() });
      await eventually('the trial Redis answers', () => redis.ping(), patienceMs);
      return redis;
    },
    async deleteWorkers() {
      await node.kubectl(['-n', namespace, 'delete', 'rw', '--all', '--timeout=120s']);
    },
  };
}

/** Takes the CustomResourceDefinition away, as on a cluster that never had one; there must be no workers. */
export async function removeCrd(node: Node): Promise<void> {
  await node.kubectlOk(['delete', 'crd', crd, '--ignore-not-found', '--timeout=120s']);
}

/** Whether the cluster knows workers. */
export async function hasCrd(node: Node): Promise<boolean> {
  return (await node.kubectl(['get', 'crd', crd])).code === 0;
}
