/** A TCP proxy that can swallow what its connections carry and let it through later, as a network that fails for a while does. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Forwards to 127.0.0.1; to be stopped. */
export interface BlackHole {
  readonly port: number;
  /** Swallows both directions of every connection that is open now; connections made later pass. */
  swallow(): void;
  /** Delivers what clients sent meanwhile, as retransmission does, and settles when the server has had it all. */
  deliver(): Promise<void>;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  swallowed: Buffer[] | undefined;
}

/** Starts the proxy before a port of this machine. */
export async function startBlackHole(target: number): Promise<BlackHole> {
  const pairs = new Set<Pair>();
  const proxy = createServer((client) => {
    const pair: Pair = { client, server: connect(target, '127.0.0.1'), swallowed: undefined };
    pairs.add(pair);
    client.on('data', (bytes) => pair.swallowed ? pair.swallowed.push(bytes) : pair.server.write(bytes));
    pair.server.on('data', (bytes) => pair.swallowed ?? client.write(bytes));
    client.on('close', () => pair.swallowed ?? pair.server.destroy());
    pair.server.on('close', () => pair.swallowed ?? client.destroy());
    for (const socket of [client, pair.server]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const swallowing = (): Pair[] => [...pairs].filter(({ swallowed }) => swallowed !== undefined);
  return {
    port: (proxy.address() as AddressInfo).port,
    swallow() {
      for (const pair of pairs) pair.swallowed ??= [];
    },
    async deliver() {
      await Promise.all(
        swallowing().map(({ server, swallowed = [] }) =>
          new Promise<void>((resolve) => {
            server.once('close', () => resolve());
            if (server.closed) resolve();
            else server.end(Buffer.concat(swallowed));
          })
        ),
      );
    },
    async stop() {
      for (const { client, server } of pairs) [client, server].forEach((socket) => socket.destroy());
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
