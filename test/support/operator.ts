/** The operator as its own process, and a node of this machine for its pods. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { connectKubernetes } from '../../operator/cluster/kubernetes/index.ts';
import { startNode } from '../../operator/cluster/local/node/node.ts';
import { type AccountCluster, type AccountOptions, createAccount } from './control-plane/service-account.ts';
import { kubectlOk, sharedCluster } from './control-plane/shared.ts';
import { keptNodeFolder } from './keeper.ts';
import { serveLogs } from './kubelet-logs.ts';
import { registerNode } from './node-registration.ts';
import { freePort, start, type TestProcess } from './processes.ts';
import { eventually } from './wait.ts';

const root = join(import.meta.dirname, '../..');
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A running operator process. */
export interface OperatorProcess extends TestProcess {
  readonly httpUrl: string;
}

/**
 * Starts `operator/main.ts` for one namespace, or for all, and waits until it reconciles. It has the rights of an
 * operator and no others, unless a kubeconfig says who it is.
 */
export async function startOperatorProcess(
  options: {
    redisUrl?: string;
    redisPassword?: string;
    namespace: string;
    everywhere?: boolean;
    /** The shared control plane when absent. */
    cluster?: AccountCluster;
    kubeconfig?: string;
    args?: readonly string[];
    awaitReady?: boolean;
  },
): Promise<OperatorProcess> {
  const port = await freePort();
  const kubeconfig = options.kubeconfig ?? await accountOf(options.cluster ?? sharedCluster(), {
    namespace: options.namespace,
    everywhere: options.everywhere === true,
    metricsAuth: ['--metrics-auth', '--page'].some((flag) => options.args?.includes(flag)),
  });
  const args = [
    join(root, 'operator/main.ts'),
    '--http',
    `127.0.0.1:${port}`,
    '--dns-server',
    '127.0.0.1:1',
    // Pods are processes of this machine.
    '--pod-network',
    'Shared',
    ...(options.everywhere === true ? [] : ['--namespace', options.namespace]),
    '--lease-namespace',
    options.namespace,
    ...(options.redisUrl === undefined ? [] : ['--redis', options.redisUrl]),
    ...(options.args ?? []),
  ];
  const child = start(process.execPath, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      KUBECONFIG: kubeconfig,
      ...(options.redisPassword === undefined ? {} : { REDIS_PASSWORD: options.redisPassword }),
    },
  });
  const httpUrl = `http://127.0.0.1:${port}`;
  if (options.awaitReady !== false) {
    await eventually(
      `the operator is ready:\n${child.output()}`,
      async () => child.output().includes('the operator reconciles') && (await fetch(`${httpUrl}/readyz`)).ok,
      30_000,
    );
  }
  return { ...child, httpUrl };
}

const accounts = new Map<string, Promise<string>>();

/** One account serves all operators of a namespace, one after the other. */
function accountOf(cluster: AccountCluster, options: AccountOptions): Promise<string> {
  const key = JSON.stringify([cluster.kubeconfigPath, options]);
  const known = accounts.get(key) ?? createAccount(cluster, options).then(({ kubeconfig }) => kubeconfig);
  accounts.set(key, known);
  return known;
}

/** What a test's node may be beside one that runs the sources. */
export interface TestNodeOptions {
  /** What its pods have for the files of their image [the checkout]. */
  readonly imageRoot?: string;
  /** Whether the API server can read logs of its pods. */
  readonly servesLogs?: boolean;
}

/** A node that runs. */
export interface TestNode {
  /** Where a port of a pod is on loopback; undefined for none of its own. */
  portOf(podUid: string, port: number): number | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the node agent in this process: the pods of one namespace run as processes of this machine. Its pods are kept
 * to it, or those of another test would be bound to a node that ends with this one.
 */
export async function startTestNode(
  namespace: string,
  { imageRoot = root, servesLogs = false }: TestNodeOptions = {},
): Promise<TestNode> {
  const cluster = await connectKubernetes({ kubeconfig: inject('kubeconfig'), log: silent });
  const nodeName = `node-${namespace}`;
  await kubectlOk([
    'annotate',
    'namespace',
    namespace,
    `scheduler.alpha.kubernetes.io/node-selector=kubernetes.io/hostname=${nodeName}`,
  ]);
  const dataDir = keptNodeFolder();
  const logs = servesLogs ? await serveLogs(join(dirname(inject('kubeconfig')), 'pki'), nodeName) : undefined;
  const node = await startNode({
    cluster,
    log: silent,
    dataDir,
    nodeName,
    imageRoot,
    denoPath: join(root, 'node_modules/.bin/deno'),
    searchPath: process.env['PATH'] ?? '',
    backOff: { initialMs: 200, maxMs: 2000 },
    ...(logs === undefined ? {} : { onLog: logs.take }),
  });
  const unregister = await registerNode(nodeName, cluster, { logPort: logs?.port });
  return {
    portOf: (podUid, port) => node.portOf(podUid, port),
    async stop() {
      await unregister();
      await node.stop();
      await logs?.close();
      await cluster.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
