/** Somebody who listens in a network and remembers who came. */
import { eventually } from '../wait.ts';
import type { NetworkNamespace } from './network-namespace.ts';

/** A listener; it ends with this process at the latest. */
export interface Listener {
  /** Source address of every connection so far. */
  came(): string[];
  stop(): Promise<void>;
}

const program = `for (const port of process.argv.slice(1)) require('node:net').createServer((socket) => {
  console.log('came ' + socket.remoteAddress);
  socket.on('error', () => {}).end();
}).listen({ port: +port, host: '0.0.0.0' }, () => console.log('listens'));`;

/** Listens on TCP ports and closes every connection. */
export async function listenIn(network: NetworkNamespace, ...ports: readonly number[]): Promise<Listener> {
  const running = network.start(process.execPath, ['-e', program, ...ports.map(String)]);
  await eventually('somebody listens', () => running.output().split('listens').length > ports.length, 60_000);
  return {
    came: () => [...running.output().matchAll(/^came (\S+)$/gm)].map(([, address]) => address ?? ''),
    stop: () => running.stop(),
  };
}
