/**
 * Services of a laptop: each has a port on loopback, told in its status as that of a load balancer is, and what comes
 * there goes on to one of its ready pods, one after the other.
 */
import { once } from 'node:events';
import { connect as dial, createServer, type Server, type Socket } from 'node:net';
import { type Cluster, ClusterError, type Followed, keyOf, type KubeObject, resources } from '../../cluster.ts';
import type { Log } from '../log.ts';
import { podIP } from '../node/pod-spec.ts';
import { refTo } from '../store/objects.ts';
import { type Behind, behind, portOfPod, wantedPort } from './backends.ts';

/** What Services are served from. */
export interface ServicesOptions {
  readonly cluster: Cluster;
  /** Where a port of a pod is on this machine; undefined while its container does not run. */
  readonly portOf: (podUid: string, port: number) => number | undefined;
  readonly log: Log;
}

/** Ports that are tried from the wanted one on. */
const reach = 100;

/** Serves all Services there are. @returns ends them, and the connections that are open */
export async function startServices({ cluster, portOf, log }: ServicesOptions): Promise<() => Promise<void>> {
  const [services, pods] = [cluster.follow(resources.services), cluster.follow(resources.pods)];
  const served = new Map<string, LocalService>();
  const take = (service: KubeObject): void => {
    const key = keyOf(refTo(service));
    const wanted = behind(service);
    const known = served.get(key);
    if (wanted === undefined) {
      served.delete(key);
      void known?.close();
      return;
    }
    if (known) {
      known.behind = wanted;
      return;
    }
    const fresh = new LocalService(wanted, () => backendsOf(service, pods, portOf, served.get(key)?.behind ?? wanted));
    served.set(key, fresh);
    fresh.listen().then((port) => tell(cluster, service, port)).catch((error: unknown) =>
      log.error({ err: error, service: key }, 'a Service could not be served on this machine')
    );
  };
  services.onChange((type, service) => {
    if (type !== 'deleted') {
      take(service);
      return;
    }
    const key = keyOf(refTo(service));
    void served.get(key)?.close();
    served.delete(key);
  });
  await Promise.all([services.synced, pods.synced]);
  return async () => {
    services.stop();
    pods.stop();
    await Promise.all([...served.values()].map((service) => service.close()));
  };
}

function backendsOf(
  { metadata }: KubeObject,
  pods: Followed,
  portOf: ServicesOptions['portOf'],
  wanted: Behind,
): number[] {
  return pods.list(metadata.namespace).flatMap((pod) => {
    const port = portOfPod(pod, wanted);
    return port === undefined ? [] : portOf(pod.metadata.uid ?? '', port) ?? [];
  });
}

async function tell(cluster: Cluster, service: KubeObject, port: number): Promise<void> {
  const { apiVersion, kind, metadata: { name, namespace = 'default', uid = '' } } = service;
  const status = { loadBalancer: { ingress: [{ ip: podIP, ports: [{ port, protocol: 'TCP' }] }] } };
  try {
    await cluster.applyStatus({ apiVersion, kind, metadata: { name, namespace, uid }, status }, 'redisworker-node');
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error; // it is gone, or another one of its name
  }
}

class LocalService {
  behind: Behind;
  readonly #backends: () => readonly number[];
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #turn = 0;

  constructor(wanted: Behind, backends: () => readonly number[]) {
    this.behind = wanted;
    this.#backends = backends;
    this.#server = createServer({ allowHalfOpen: true }, (caller) => this.#forward(caller));
  }

  /** Listens on the wanted port, or on the next that nobody has. */
  async listen(): Promise<number> {
    const wanted = wantedPort(this.behind);
    for (let port = wanted; port < Math.min(wanted + reach, 65_536); port += 1) {
      this.#server.listen(port, podIP);
      try {
        await once(this.#server, 'listening');
        return port;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
    throw new Error(`the ports from ${wanted} on are all in use`);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    if (this.#server.listening) await once(this.#server.close(), 'close');
  }

  /** As a cluster does, it lets nobody wait where there is no pod. */
  #forward(caller: Socket): void {
    const backends = this.#backends();
    const port = backends[this.#turn++ % backends.length];
    if (port === undefined) return void caller.destroy();
    const pod = dial({ port, host: podIP, allowHalfOpen: true });
    for (const [one, other] of [[caller, pod], [pod, caller]] as const) {
      this.#open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }
}
