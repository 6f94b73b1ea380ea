/** Tells an API server that this node exists and lives, so that the scheduler binds pods to it. */
import { arch, cpus, hostname, platform, totalmem } from 'node:os';
import { type Clock, systemClock } from '../../operator/clock.ts';
import { type Cluster, type KubeObject, resources } from '../../operator/cluster/cluster.ts';

const leaseNamespace = 'kube-node-lease';
const leaseSeconds = 40;
const renewMs = 10_000;
/** Renewals between two writes of the node's status. */
const renewalsPerStatus = 6;
const maxPods = 110;

/** What there is to know of a node beside its name. */
export interface NodeFacts {
  /** Where the API server asks for logs; nowhere when absent. */
  readonly logPort?: number | undefined;
  readonly clock?: Clock;
}

/**
 * Creates the Node and keeps it Ready by renewing its Lease every 10 s.
 * @returns a function that marks the Node not ready and stops renewing
 * @throws ClusterError when the first registration fails
 */
export async function registerNode(
  name: string,
  cluster: Cluster,
  { logPort, clock = systemClock }: NodeFacts = {},
): Promise<() => Promise<void>> {
  await cluster.apply(nodeObject(name), 'redisworker-node');
  await cluster.applyStatus(nodeStatus(name, 'True', { now: new Date(clock.now()), logPort }), 'redisworker-node');
  await cluster.apply(leaseObject(name, clock.now()), 'redisworker-node');
  let renewals = 0;
  let renewal = Promise.resolve();
  let cancel = clock.after(renewMs, beat);
  function beat(): void {
    renewal = renew().catch(() => undefined); // the next beat tries again
    cancel = clock.after(renewMs, beat);
  }
  async function renew(): Promise<void> {
    await cluster.apply(leaseObject(name, clock.now()), 'redisworker-node');
    renewals += 1;
    if (renewals % renewalsPerStatus === 0) {
      await cluster.applyStatus(nodeStatus(name, 'True', { now: new Date(clock.now()), logPort }), 'redisworker-node');
    }
  }
  return async () => {
    cancel();
    await renewal;
    await cluster.applyStatus(nodeStatus(name, 'False', { now: new Date(clock.now()), logPort }), 'redisworker-node');
  };
}

function nodeObject(name: string): KubeObject {
  const { apiVersion, kind } = resources.nodes;
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': platform(), 'kubernetes.io/arch': goArch() };
  return { apiVersion, kind, metadata: { name, labels } };
}

function nodeStatus(
  name: string,
  ready: 'True' | 'False',
  { now, logPort }: { readonly now: Date; readonly logPort: number | undefined },
): KubeObject {
  const { apiVersion, kind } = resources.nodes;
  const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: String(maxPods) };
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  const [reason, message] = ready === 'True'
    ? ['NodeReady', 'the node runs pods as processes']
    : ['NodeStopped', 'the node was stopped'];
  return {
    apiVersion,
    kind,
    metadata: { name },
    status: {
      capacity,
      allocatable: capacity,
      ...(logPort === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: logPort } } }),
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }, { type: 'Hostname', address: hostname() }],
      conditions: [{
        type: 'Ready',
        status: ready,
        reason,
        message,
        lastHeartbeatTime: time,
        lastTransitionTime: time,
      }],
    },
  };
}

function leaseObject(name: string, now: number): KubeObject {
  const { apiVersion, kind } = resources.leases;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: leaseNamespace },
    spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: microTime(now) },
  };
}

/** ISO time with six fraction digits, as the API takes no other for a Lease. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function goArch(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}
