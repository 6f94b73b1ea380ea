/**
 * A TCP proxy in front of Redis for measuring and for breaking things: `node bench/delay-proxy.ts <port> <target port> <delay ms>`.
 * Replies arrive `delay` later than they were sent. SIGUSR2 cuts every connection.
 */
import { connect, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

const [port = 0, target = 0, delayMs = 0] = process.argv.slice(2).map(Number);
const open = new Set<Socket>();

createServer({ noDelay: true }, (caller) => {
  const server = connect({ host: '127.0.0.1', port: target, noDelay: true });
  caller.pipe(server);
  if (delayMs === 0) server.pipe(caller);
  else delay(server, caller);
  for (const [one, other] of [[caller, server], [server, caller]] as const) {
    open.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => {
      open.delete(one);
      other.destroy();
    });
  }
}).listen(port, '127.0.0.1');

process.on('SIGUSR2', () => {
  for (const socket of open) socket.resetAndDestroy();
});

/** One timer for the oldest chunk at a time; whatever is due goes with it. */
function delay(from: Socket, to: Socket): void {
  const queue: { readonly dueMs: number; readonly chunk: Buffer }[] = [];
  const flush = (): void => {
    while (queue[0] !== undefined && queue[0].dueMs <= performance.now()) {
      to.write((queue.shift() as { chunk: Buffer }).chunk);
    }
    if (queue[0] !== undefined) setTimeout(flush, queue[0].dueMs - performance.now());
  };
  from.on('data', (chunk: Buffer) => {
    queue.push({ dueMs: performance.now() + delayMs, chunk });
    if (queue.length === 1) setTimeout(flush, delayMs);
  });
}
