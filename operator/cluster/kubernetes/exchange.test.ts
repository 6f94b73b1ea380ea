import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { exchange, openConnections } from './exchange.ts';

test('a question leaves nothing behind on a connection that others use after it', async () => {
  const server = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connections = openConnections(url, {}, 1);
  const { signal } = new AbortController();
  const ask = async () => (await exchange({ url, method: 'GET', headers: {}, connections, signal })).text();
  const listeners = () => {
    const [socket] = Object.values(connections.freeSockets).flat();
    return socket?.eventNames().map((name) => [name, socket.listenerCount(name)]);
  };
  try {
    await ask();
    const before = listeners();
    expect(before).toBeDefined();
    await Promise.all(Array.from({ length: 20 }, ask));
    expect(listeners()).toEqual(before);
  } finally {
    connections.destroy();
    server.close();
  }
});
