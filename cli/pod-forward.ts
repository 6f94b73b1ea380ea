/** A connection to a port of a pod, as `kubectl port-forward` makes one: over a WebSocket to the API server. */
import { Duplex } from 'node:stream';
import type { ClusterConfig } from '../operator/cluster/kubernetes/credentials.ts';
import { Failure } from './failure.ts';
import { openPodSocket, type PodName } from './pod-socket.ts';
import { frameOf, MessageReader } from './websocket.ts';

/** One connection for each WebSocket; every kubelet knows it. */
const protocol = 'v4.channel.k8s.io';
const channels = { data: 0, error: 1 } as const;
/** Each channel begins with the number of the port. */
const portBytes = 2;

/** Connects. @throws Failure when it cannot be opened, with the server's words */
export async function forwardToPod(
  config: ClusterConfig,
  { namespace, pod, port }: PodName & { readonly port: number },
): Promise<Duplex> {
  const socket = await openPodSocket(config, {
    namespace,
    pod,
    what: 'portforward',
    query: new URLSearchParams({ ports: String(port) }),
    protocol,
    forbidden:
      `you may not forward ports of the pods of namespace ${namespace}: it takes the rights to get and to create pods/portforward there`,
  });
  return connectionOver(socket);
}

function connectionOver(socket: Duplex): Duplex {
  const reader = new MessageReader();
  const unread: Record<number, number> = { [channels.data]: portBytes, [channels.error]: portBytes };
  let refusal = '';
  const connection = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _, done) =>
      void socket.write(frameOf(Buffer.concat([Buffer.from([channels.data]), chunk])), done),
    final: (done) => socket.end(frameOf(Buffer.alloc(0), 'close'), done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  const take = (message: Buffer): void => {
    const channel = message[0] ?? -1;
    const skipped = Math.min(unread[channel] ?? 0, message.length - 1);
    unread[channel] = (unread[channel] ?? 0) - skipped;
    const content = message.subarray(1 + skipped);
    if (content.length === 0) return;
    if (channel === channels.error) refusal += content.toString();
    if (channel === channels.data && !connection.push(content)) socket.pause();
  };
  socket.on('data', (chunk: Buffer) => {
    for (const { kind, payload } of reader.read(chunk)) {
      if (kind === 'data') take(payload);
      if (kind === 'ping') socket.write(frameOf(payload, 'pong'));
      if (kind === 'close') socket.end();
    }
  });
  socket.on('error', () => undefined); // the end is told by the close
  socket.once('close', () => {
    if (refusal === '') connection.push(null);
    else connection.destroy(new Failure(`the port is not reached: ${refusal.trim()}`));
  });
  return connection;
}
