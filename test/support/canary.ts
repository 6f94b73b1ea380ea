/** Canaries for the network gate: one that answers and counts, one that is silent as behind an engine that drops. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { start } from './processes.ts';
import { eventually } from './wait.ts';

/** A port that answers until it is closed. */
export interface TestCanary {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
  /** Connections so far. */
  answered(): number;
  /** From now on the port refuses. */
  close(): Promise<void>;
}

/** Starts a canary that answers. */
export async function startTestCanary(): Promise<TestCanary> {
  let answered = 0;
  const server = createServer((socket) => {
    answered += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `127.0.0.1:${port}`,
    answered: () => answered,
    async close() {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Starts a port whose connections never come about and are never refused: its process is stopped and its queue full, so
 * that the kernel drops what else arrives.
 */
export async function startSilentPort(): Promise<{ port: number; stop(): Promise<void> }> {
  const program =
    `const s = require('node:net').createServer(); s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log('port', s.address().port));`;
  const listener = start(process.execPath, ['-e', program]);
  const port = Number(await eventually('it listens', () => /port (\d+)/.exec(listener.output())?.[1]));
  process.kill(listener.pid, 'SIGSTOP');
  const held: Socket[] = [];
  while (await connects(port, held));
  return {
    port,
    async stop() {
      for (const socket of held) socket.destroy();
      process.kill(listener.pid, 'SIGKILL');
      await listener.ended;
    },
  };
}

/** Whether one more connection fits into the queue, which it then fills; the kernel answers on loopback at once or not at all. */
function connects(port: number, held: Socket[]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const silent = setTimeout(() => resolve(false), 300);
    socket.on('error', () => undefined);
    socket.on('connect', () => {
      clearTimeout(silent);
      resolve(true);
    });
    held.push(socket);
  });
}
