/** Ports of this machine, for pods that each want the same one. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { podIP } from './pod-spec.ts';

/** Below what systems give to connections (Linux from 32768 on, others from 49152): one of those would be gone again. */
const given = { first: 10_000, end: 32_768 };

/** As many different free ports; another process may take one before the container does, its restart gets others. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count && tries < given.end; tries += 1) {
    const port = randomInt(given.first, given.end);
    if (!ports.has(port) && await isFree(port)) ports.add(port);
  }
  return [...ports];
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
