/** Ends a connection whose server sends more than anything it was asked for can be. */
import type { Redis } from 'ioredis';
import type { RedisFault } from './fault.ts';

/** Bytes that may come until all commands under way are answered: twice the largest page of config hashes. */
export const maxReplyBytes = 32 * 1024 * 1024;

/**
 * Counts from before the login on, what nobody asked for included; starts anew whenever nothing is awaited any more.
 * @param tooMuch what the commands under way then fail with
 */
export function boundReplies(client: Redis, tooMuch: () => RedisFault, maxBytes = maxReplyBytes): void {
  client.once('connect', () => {
    const { stream } = client;
    let received = 0;
    let awaited = 0;
    stream.prependListener('data', (bytes: Buffer) => {
      awaited = client.commandQueue.length;
      received += bytes.length;
      if (received <= maxBytes) return;
      for (const { command } of client.commandQueue.toArray()) command.reject(tooMuch());
      client.disconnect();
      stream.destroy();
    });
    stream.on('data', () => {
      if (awaited > 0 && client.commandQueue.length === 0) received = 0;
    });
  });
}
