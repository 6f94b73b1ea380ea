/** The requests of every contender, and the count that nothing was lost and nothing answered twice. */
import { defaultGroup, replyListKey, requestStreamKey, responseStreamKey } from '../contract/keys.ts';
import { encodeRequest } from '../contract/request.ts';
import type { Command } from '../worker/redis/commands.ts';
import type { Reply } from '../worker/redis/resp.ts';
import type { RawClient } from './raw-client.ts';

/** The worker type of the bench. */
export const type = 'bench-worker';
export const requestStream = requestStreamKey(type);
export const responseStream = responseStreamKey(type);

/** 100 bytes of JSON. */
export const payload = JSON.stringify({ user: 4711, action: 'resize', width: 640, note: 'x'.repeat(35), flag: true });

const perWrite = 2000;

/** References of 26 characters, the length of a ULID. */
export function refOf(index: number): string {
  return `01J${String(index).padStart(23, '0')}`;
}

/** Puts `count` requests into the stream and gives the group its start. */
export async function preload(client: RawClient, count: number): Promise<void> {
  await client.command('XGROUP', 'CREATE', requestStream, defaultGroup, '0', 'MKSTREAM');
  await inChunks(client, count, requestCommand);
}

/** The entry of request number `index`. */
export function requestCommand(index: number): Command {
  return ['XADD', requestStream, '*', ...Object.entries(encodeRequest(refOf(index), type, payload)).flat()];
}

/** What the audit found. */
export interface Audit {
  readonly responses: number;
  readonly pending: number;
  readonly lost: number;
  readonly answeredTwice: number;
}

/** Looks at the reply list of every reference, and at both streams. */
export async function audit(client: RawClient, count: number): Promise<Audit> {
  const [length, summary] = await client.pipeline([['XLEN', responseStream], [
    'XPENDING',
    requestStream,
    defaultGroup,
  ]]);
  let [lost, answeredTwice] = [0, 0];
  await inChunks(client, count, (index) => ['LLEN', replyListKey(refOf(index))], (answers) => {
    if (answers === 0) lost++;
    if (Number(answers) > 1) answeredTwice++;
  });
  return { responses: Number(length), pending: Number((summary as Reply[])[0]), lost, answeredTwice };
}

/** Sends a command per index, some thousand in one write. */
async function inChunks(
  client: RawClient,
  count: number,
  commandOf: (index: number) => Command,
  take: (reply: Reply) => void = () => undefined,
): Promise<void> {
  for (let from = 0; from < count; from += perWrite) {
    const commands = Array.from({ length: Math.min(perWrite, count - from) }, (_, at) => commandOf(from + at));
    for (const reply of await client.pipeline(commands)) take(reply);
  }
}
