/** The caller's side: asks a worker through Redis and reads its reply. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { replyListKey, requestStreamKey } from '../../contract/keys.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { encodeRequest } from '../../contract/request.ts';

/**
 * Sends `data` to a worker of `type`, with further fields, and waits for the reply.
 * @throws Error when none comes in time
 */
export async function ask(
  client: Redis,
  type: string,
  data: unknown,
  timeoutSeconds = 30,
  fields: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const ref = randomUUID();
  const caller = client.duplicate({ lazyConnect: false });
  try {
    await caller.xadd(
      requestStreamKey(type),
      '*',
      ...Object.entries({ ...fields, ...encodeRequest(ref, type, JSON.stringify(data)) }).flat(),
    );
    const popped = await caller.brpop(replyListKey(ref), timeoutSeconds);
    if (!popped) throw new Error(`no reply from ${type} within ${timeoutSeconds} s`);
    return decodeReply(popped[1]);
  } finally {
    caller.disconnect();
  }
}
