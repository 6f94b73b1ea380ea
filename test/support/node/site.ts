/** The product on a node: the operator on this machine, its workers in pods, their Redis on this machine's end of the link. */
import { join } from 'node:path';
import type { KubeObject } from '../../../operator/cluster/cluster.ts';
import { type OperatorProcess, startOperatorProcess } from '../operator.ts';
import { freePort } from '../processes.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../redis.ts';
import { eventually } from '../wait.ts';
import type { Node } from './node.ts';
import { createRestrictedNamespace } from './shared.ts';
import { importWorkerImage } from './product-images.ts';

const crds = join(import.meta.dirname, '../../../crds');

/** A condition of a worker. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A worker as the API has it. */
export interface LiveWorker extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly network?: { readonly approximations?: readonly string[] };
  };
}

/** A namespace whose workers somebody looks after. */
export interface Site {
  readonly node: Node;
  readonly namespace: string;
  readonly redis: TestRedis;
  /** Where pods reach Redis: off the node, as far as policies are concerned. */
  readonly redisAddress: { readonly host: string; readonly port: number };
  /** `address:port` of the canary. */
  readonly canary: string;
  /** kubectl in the namespace. @throws Error with its stderr */
  kubectl(...args: string[]): Promise<string>;
  list<T = KubeObject>(...what: string[]): Promise<T[]>;
  /** Applies workers, in this namespace. */
  apply(...workers: KubeObject[]): Promise<void>;
  worker(name: string): Promise<LiveWorker>;
  /** Waits until each is ready as it was written last. */
  ready(...names: string[]): Promise<void>;
  /** Waits for a condition with a reason. */
  told(name: string, type: string, reason: string): Promise<Condition>;
  /** Starts an operator, for this namespace unless `everywhere`; without `canary` no gate is passed. */
  startOperator(
    options?: { readonly canary?: boolean; readonly everywhere?: boolean; readonly args?: readonly string[] },
  ): Promise<OperatorProcess>;
  stop(): Promise<void>;
}

/** How long pods may take on a machine that is busy. */
export const patienceMs = 240_000;

/** Makes a namespace with a Redis for its workers; what it starts ends with {@link Site.stop}. */
export async function openSite(node: Node, prefix: string): Promise<Site> {
  const { hostAddress } = node.network;
  const [image, namespace, redis] = await Promise.all([
    importWorkerImage(node),
    createRestrictedNamespace(node, prefix),
    startGuardedRedis(['--bind', '127.0.0.1', hostAddress, '--protected-mode', 'no']),
    node.kubectlOk(['apply', '--server-side', '--force-conflicts', '-f', crds]),
  ]);
  await node.kubectlOk(['wait', '--for=condition=Established', '--timeout=60s', '-f', crds]);
  const canary = `${hostAddress}:${await freePort()}`;
  const operators: OperatorProcess[] = [];
  const kubectl = (...args: string[]): Promise<string> => node.kubectlOk(['-n', namespace, ...args]);
  const worker = async (name: string) => JSON.parse(await kubectl('get', 'rw', name, '-o', 'json')) as LiveWorker;
  return {
    node,
    namespace,
    redis,
    canary,
    kubectl,
    worker,
    redisAddress: { host: hostAddress, port: redis.port },
    list: async <T>(...what: string[]) =>
      (JSON.parse(await kubectl('get', ...what, '-o', 'json')) as { items: T[] }).items,
    apply: (...workers) => node.apply(...workers.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } }))),
    async ready(...names) {
      await kubectl(
        'wait',
        '--for=condition=Ready',
        `--timeout=${patienceMs / 1000}s`,
        ...names.map((name) => `rw/${name}`),
      );
    },
    told: (name, type, reason) =>
      eventually(
        `${type} of ${name} is ${reason}`,
        async () => (await worker(name)).status?.conditions?.find((one) => one.type === type && one.reason === reason),
        patienceMs,
      ),
    async startOperator({ canary: hasCanary = true, everywhere = false, args = [] } = {}) {
      const gate = hasCanary ? ['--canary-address', canary, '--canary-listen', canary] : [];
      const all = [
        '--no-leader-elect',
        '--worker-image',
        image,
        '--dns-server',
        `${node.network.dnsAddress}:53`,
        ...gate,
        ...args,
      ];
      const operator = await startOperatorProcess({
        redisUrl: `redis://${hostAddress}:${redis.port}`,
        redisPassword,
        namespace,
        everywhere,
        cluster: node,
        args: all,
        awaitReady: false,
      });
      operators.push(operator);
      await eventually(
        'the operator reconciles',
        () => operator.output().includes('the operator reconciles'),
        patienceMs,
      );
      return operator;
    },
    async stop() {
      // While somebody is there to take the finalizers off: what is left over would be no company for the next test.
      await node.kubectl(['-n', namespace, 'delete', 'rw', '--all', '--timeout=120s']);
      await Promise.all(operators.map((operator) => operator.stop()));
      await redis.stop();
    },
  };
}
