/** A way to Redis on which bytes stay: what was sent over a connection that is lost may arrive much later. */
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A proxy that forwards, until it is told to hold a connection. */
export interface HoldingProxy {
  readonly port: number;
  /** Whether a connection is held. */
  holds(): boolean;
  /**
   * From the first connection that sends `words` on, its bytes are kept and its sender is hung up on; Redis goes on with
   * what it got before, and hears nothing of that.
   */
  holdAt(words: string): void;
  /** Lets Redis have what was kept, and settles when it has answered. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one in front of the Redis at a port of this machine. */
export async function startHoldingProxy(redisPort: number): Promise<HoldingProxy> {
  let holdAt: string | undefined;
  let held: { readonly bytes: Buffer; readonly far: Socket } | undefined;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(redisPort, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    far.on('data', (bytes) => near.destroyed || near.write(bytes));
    far.on('close', () => near.destroy());
    near.on('data', (bytes) => {
      if (holdAt === undefined || !bytes.includes(holdAt)) return void far.write(bytes);
      holdAt = undefined;
      held = { bytes, far };
      near.destroy();
    });
    near.on('close', () => held?.far === far || far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    holds: () => held !== undefined,
    holdAt(words) {
      holdAt = words;
    },
    async release() {
      if (!held) throw new Error('nothing is held');
      const { bytes, far } = held;
      const answered = new Promise((resolve) => far.once('data', resolve).once('close', resolve));
      far.write(bytes);
      await answered;
    },
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
