/** Ports of this machine, for pods that each want the same one. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { podIP } from './pod-spec.ts';

/** As many different free ports; another process may take one before the container does, its restart gets others. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer().listen(0, podIP);
    await once(server, 'listening');
    return server;
  }));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Ports tried from the wanted one on. */
const reach = 100;

/** Ports people want to know beforehand, such as a debugger's: the wanted one, or the next that nobody has. */
export class WantedPorts {
  readonly #held = new Set<number>();

  /** Holds a port until {@link release}; undefined when the wanted one and those after it are all in use. */
  async hold(wanted: number): Promise<number | undefined> {
    for (let port = wanted; port < Math.min(wanted + reach, 65_536); port += 1) {
      if (this.#held.has(port)) continue;
      this.#held.add(port); // before the question, so that two pods that start at once never get the same
      if (await isFree(port)) return port;
      this.#held.delete(port);
    }
    return undefined;
  }

  release(port: number): void {
    this.#held.delete(port);
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, podIP);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
