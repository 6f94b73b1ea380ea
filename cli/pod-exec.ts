/** Runs a command in a container of a pod, as `kubectl exec` does: over a WebSocket to the API server. */
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import type { ClusterConfig } from '../operator/cluster/kubernetes/credentials.ts';
import { Failure } from './failure.ts';
import { openPodSocket, parsedJson, type PodName, type PodSocket } from './pod-socket.ts';
import { frameOf, MessageReader } from './websocket.ts';

/** The protocol that can end the standard input of the command; API servers know it since Kubernetes 1.30. */
const protocol = 'v5.channel.k8s.io';
const channels = { input: 0, output: 1, errors: 2, status: 3, close: 255 } as const;

/** What to run, and where. */
export interface PodCommand extends PodName {
  readonly container: string;
  readonly command: readonly string[];
  /** All of its standard input; absent: none. */
  readonly input?: string | undefined;
}

/** Takes what the command writes, as it comes. */
export interface Outputs {
  out(text: string): void;
  err(text: string): void;
}

/**
 * Runs it to its end, or until `stop` settles.
 * @returns its exit code; 130 when it was broken off
 * @throws Failure when it cannot be started, with the server's words
 */
export async function runInPod(
  config: ClusterConfig,
  command: PodCommand,
  outputs: Outputs,
  stop: Promise<void>,
): Promise<number> {
  const socket = await openPodSocket(config, socketOf(command));
  void stop.then(() => socket.destroy());
  return await conversation(socket, command, outputs);
}

function socketOf({ namespace, pod, container, command, input }: PodCommand): PodSocket {
  const query = new URLSearchParams([
    ['container', container],
    ['stdin', String(input !== undefined)],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...command.map((word): [string, string] => ['command', word]),
  ]);
  const forbidden =
    `you may not run commands in the pods of namespace ${namespace}: the right to create pods/exec there is that of whoever runs the operator; or name the Redis with --redis`;
  return { namespace, pod, what: 'exec', query, protocol, forbidden };
}

function conversation(socket: Duplex, { input }: PodCommand, outputs: Outputs): Promise<number> {
  const reader = new MessageReader();
  const decoders = { out: new StringDecoder(), err: new StringDecoder() };
  let ended: number | Failure | undefined;
  const take = (payload: Buffer): void => {
    const [channel, content] = [payload[0], payload.subarray(1)];
    if (channel === channels.output) outputs.out(decoders.out.write(content));
    if (channel === channels.errors) outputs.err(decoders.err.write(content));
    if (channel === channels.status) ended = endOf(content.toString());
  };
  if (input !== undefined) {
    socket.write(frameOf(Buffer.concat([Buffer.from([channels.input]), Buffer.from(input)])));
    socket.write(frameOf(Buffer.from([channels.close, channels.input])));
  }
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      for (const { kind, payload } of reader.read(chunk)) {
        if (kind === 'data') take(payload);
        if (kind === 'ping') socket.write(frameOf(payload, 'pong'));
        if (kind === 'close') socket.end(frameOf(payload, 'close'), () => socket.destroy());
      }
    });
    socket.on('error', () => undefined); // the end is told by the close
    socket.once('close', () => {
      if (ended instanceof Failure) reject(ended);
      else resolve(ended ?? 130);
    });
  });
}

const statusSchema = z.object({
  status: z.string(),
  message: z.string().optional(),
  details: z.object({ causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })) })
    .partial().optional(),
});

/** The last word of the server: success, the exit code, or why there was no command. */
function endOf(body: string): number | Failure {
  const status = statusSchema.safeParse(parsedJson(body)).data;
  if (status?.status === 'Success') return 0;
  const code = status?.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return code === undefined ? new Failure(`the command did not run: ${status?.message ?? body}`) : Number(code);
}
