/** Free ports of this machine, for pods that each want the same one. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { podIP } from './environment.ts';

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
