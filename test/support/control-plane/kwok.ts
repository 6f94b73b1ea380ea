/** Nodes that are none: kwok plays the kubelet of so many of them, and says of every pod that it runs and is ready. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort, start } from '../processes.ts';
import { tool } from '../tools/tool.ts';
import { eventually } from '../wait.ts';
import type { Kubectl } from './kubectl.ts';

const stages = join(import.meta.dirname, '../tools/kwok/stages.yaml');
const leaseSeconds = 40;
const readyMs = 60_000;

/** The control plane that is told of the nodes: its administrator's kubeconfig, and kubectl with it. */
export interface KwokCluster {
  readonly kubeconfigPath: string;
  readonly kubectl: Kubectl;
}

/** How many nodes, and whose pods they take. */
export interface KwokOptions {
  /** Each takes 250 pods [5]. */
  readonly nodes?: number;
  /**
   * Their pods, and no others, are bound to these nodes, whatever else the control plane is used for. Every pod of the
   * control plane when absent, for one that nobody shares.
   */
  readonly namespaces?: readonly string[];
}

/** Running kwok. */
export interface Kwok {
  readonly pid: number;
  output(): string;
  /** Ends it; the nodes stay, and are not ready any more after {@link leaseSeconds}. */
  stop(): Promise<void>;
}

const podsPerNode = 250;

/**
 * Makes nodes and waits until they are Ready; the program is built first when it is not in the cache.
 * @throws CannotBuild on a machine without Go; Error with kwok's words when the nodes do not become Ready
 */
export async function startKwok(cluster: KwokCluster, { nodes = 5, namespaces }: KwokOptions = {}): Promise<Kwok> {
  const program = await tool('kwok');
  const name = `kwok-${randomBytes(4).toString('hex')}`;
  for (const namespace of namespaces ?? []) await keepTo(cluster, namespace, name);
  await applied(cluster, Array.from({ length: nodes }, (_, at) => nodeObject(name, at, namespaces !== undefined)));
  const kwok = start(program, [
    `--kubeconfig=${cluster.kubeconfigPath}`,
    `--config=${stages}`,
    `--manage-nodes-with-label-selector=${label}=${name}`,
    `--node-lease-duration-seconds=${leaseSeconds}`,
    `--server-address=127.0.0.1:${await freePort()}`,
  ]);
  const ready = async () => {
    if (kwok.child.exitCode !== null) throw new Error(`kwok ended: ${kwok.output()}`);
    const { stdout } = await cluster.kubectl(['get', 'nodes', '-l', `${label}=${name}`, '-o', `jsonpath=${readiness}`]);
    return stdout.split(' ').filter((status) => status === 'True').length === nodes;
  };
  await eventually(`${nodes} nodes of kwok are Ready`, ready, readyMs).catch(async (error: unknown) => {
    await kwok.stop();
    throw new Error(kwok.output().slice(-2000), { cause: error });
  });
  return { pid: kwok.pid, output: () => kwok.output(), stop: () => kwok.stop() };
}

const label = 'redisworker.test/kwok';
const readiness = '{.items[*].status.conditions[?(@.type=="Ready")].status}';

/** The scheduler binds the pods of the namespace to these nodes, which take no others. */
async function keepTo(cluster: KwokCluster, namespace: string, name: string): Promise<void> {
  const toleration = JSON.stringify([{ key: label, operator: 'Exists' }]);
  await succeeded(cluster.kubectl([
    'annotate',
    '--overwrite',
    'namespace',
    namespace,
    `scheduler.alpha.kubernetes.io/node-selector=${label}=${name}`,
    `scheduler.alpha.kubernetes.io/defaultTolerations=${toleration}`,
  ]));
}

function nodeObject(name: string, at: number, tainted: boolean): object {
  const room = { cpu: '64', memory: '256Gi', pods: String(podsPerNode) };
  const labels = {
    [label]: name,
    'kubernetes.io/hostname': `${name}-${at}`,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `${name}-${at}`, labels },
    spec: tainted ? { taints: [{ key: label, effect: 'NoSchedule' }] } : {},
    status: { allocatable: room, capacity: room },
  };
}

async function applied(cluster: KwokCluster, items: readonly object[]): Promise<void> {
  const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await succeeded(cluster.kubectl(['create', '-f', '-'], { stdin }));
}

async function succeeded(call: ReturnType<Kubectl>): Promise<void> {
  const { code, stderr } = await call;
  if (code !== 0) throw new Error(stderr);
}
