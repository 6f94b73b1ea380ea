/** The requests of every contender, and the count that nothing was lost and nothing answered twice. */
import { defaultGroup, replyListKey, requestStreamKey, responseStreamKey } from '../contract/keys.ts';
import { encodeRequest } from '../contract/request.ts';
import type { Command } from '../worker/redis/commands.ts';

/** The worker type of the bench. */
export const type = 'bench-worker';

/** Where its requests and responses are. */
export interface Streams {
  readonly requestStream: string;
  readonly responseStream: string;
}

/** The streams of a worker whose keys begin with `prefix`. */
export function streamsOf(prefix: string): Streams {
  return { requestStream: requestStreamKey(prefix), responseStream: responseStreamKey(prefix) };
}

const streams = streamsOf(type);
export const { requestStream, responseStream } = streams;

/** Sends commands to a Redis, alone or several. @throws the first error among the replies */
export interface Pipelined {
  pipeline(commands: readonly Command[]): Promise<readonly unknown[]>;
}

/** 100 bytes of JSON. */
export const payload = JSON.stringify({ user: 4711, action: 'resize', width: 640, note: 'x'.repeat(35), flag: true });

/** Commands in one write, and bytes after which it has enough of them. */
const [perWrite, writeBytes] = [2000, 4_000_000];

/** References of 26 characters, the length of a ULID. */
export function refOf(index: number): string {
  return `01J${String(index).padStart(23, '0')}`;
}

/** Puts `count` requests into the stream and gives the group its start. @param dataOf what request number `index` carries */
export async function preload(
  client: Pipelined,
  count: number,
  to: Streams = streams,
  dataOf: (index: number) => string = () => payload,
): Promise<void> {
  await client.pipeline([['XGROUP', 'CREATE', to.requestStream, defaultGroup, '0', 'MKSTREAM']]);
  await inChunks(client, count, (index) => requestCommand(index, to, dataOf(index)));
}

/** The entry of request number `index`. */
export function requestCommand(index: number, to: Streams = streams, data = payload): Command {
  return ['XADD', to.requestStream, '*', ...Object.entries(encodeRequest(refOf(index), type, data)).flat()];
}

/** What the audit found. */
export interface Audit {
  readonly responses: number;
  readonly pending: number;
  readonly lost: number;
  readonly answeredTwice: number;
}

/** Looks at the reply list of every reference, and at both streams. */
export async function audit(client: Pipelined, count: number, of: Streams = streams): Promise<Audit> {
  const [length] = await client.pipeline([['XLEN', of.responseStream]]);
  const [summary] = await client.pipeline([['XPENDING', of.requestStream, defaultGroup]]);
  let [lost, answeredTwice] = [0, 0];
  await inChunks(client, count, (index) => ['LLEN', replyListKey(refOf(index))], (answers) => {
    if (answers === 0) lost++;
    if (Number(answers) > 1) answeredTwice++;
  });
  return { responses: Number(length), pending: Number((summary as unknown[])[0]), lost, answeredTwice };
}

/** Sends a command per index, some thousand in one write, or fewer large ones. */
async function inChunks(
  client: Pipelined,
  count: number,
  commandOf: (index: number) => Command,
  take: (reply: unknown) => void = () => undefined,
): Promise<void> {
  for (let index = 0; index < count;) {
    const commands: Command[] = [];
    for (let bytes = 0; index < count && commands.length < perWrite && bytes < writeBytes; index++) {
      const command = commandOf(index);
      commands.push(command);
      bytes += String(command.at(-1)).length;
    }
    for (const reply of await client.pipeline(commands)) take(reply);
  }
}
