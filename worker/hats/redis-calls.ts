/**
 * `redis.Do` of scripts: over connections of the worker's own login, which no script ever sees. What would change the
 * connection they share, look at keys of others or hold the server up is not sent.
 */
import { encodeCommands } from '../redis/commands.ts';
import type { Connect } from '../redis/connection-pair.ts';
import { type Connection, defaultDeadlineMs } from '../redis/connection.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { textOf } from '../redis/replies.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import type { ScriptCommand } from './vm/commands.ts';

/** What a script is given: text, numbers, lists; nothing for nil and for whatever went wrong. */
type Value = string | number | Value[] | undefined;

const refused = new Set([
  ...['auth', 'hello', 'reset', 'quit', 'select', 'client', 'asking', 'readonly', 'readwrite'],
  ...['multi', 'exec', 'discard', 'watch', 'unwatch', 'monitor', 'sync', 'psync', 'replconf'],
  ...['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'ssubscribe', 'sunsubscribe'],
  ...['eval', 'evalsha', 'eval_ro', 'evalsha_ro', 'fcall', 'fcall_ro', 'script', 'function', 'scan', 'wait', 'waitaof'],
]);

const blocking = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'blmpop', 'bzpopmin', 'bzpopmax', 'bzmpop']);

/** Longer than any wait a script can ask for. */
const blockedMs = 2_147_483_647;

/** The connections behind the calls of all scripts of a worker. */
export class RedisCalls {
  readonly #connect: Connect;
  #shared: Promise<Connection> | undefined;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /** What a command gave. @param until ends the wait of one that blocks */
  async run(command: ScriptCommand, until: AbortSignal): Promise<Value> {
    if (command.name === '' || refused.has(command.name)) return undefined;
    return await this.#valueOf(isBlocking(command) ? this.#blocked(command.bytes, until) : this.#send(command.bytes));
  }

  async #valueOf(reply: Promise<Reply>): Promise<Value> {
    try {
      return valueOf(await reply);
    } catch (error) {
      if (error instanceof RedisError || error instanceof ConnectionLostError) return undefined;
      throw error;
    }
  }

  /** The first element of a list, as soon as there is one; empty after so many seconds without. */
  async blpop(seconds: number, key: string, until: AbortSignal): Promise<string> {
    const wait = Number.isFinite(seconds) && seconds >= 0 ? seconds : 0;
    const reply = await this.#valueOf(this.#blocked(encodeCommands(['BLPOP', key, String(wait)]), until));
    return Array.isArray(reply) ? String(reply[1] ?? '') : '';
  }

  close(): void {
    void this.#shared?.then((connection) => connection.close(), () => {});
    this.#shared = undefined;
  }

  async #send(command: Uint8Array): Promise<Reply> {
    const shared = this.#shared ??= this.#connect();
    try {
      return await (await shared).encodedWithin(defaultDeadlineMs, command);
    } catch (error) {
      if (!(error instanceof RedisError) && this.#shared === shared) this.#shared = undefined;
      throw error;
    }
  }

  /** Over a connection of its own: nobody else waits behind it. */
  async #blocked(command: Uint8Array, until: AbortSignal): Promise<Reply> {
    if (until.aborted) return null;
    const connection = await this.#connect();
    const end = (): void => connection.close();
    until.addEventListener('abort', end, { once: true });
    try {
      if (until.aborted) return null;
      return await connection.encodedWithin(blockedMs, command);
    } finally {
      until.removeEventListener('abort', end);
      connection.close();
    }
  }
}

function isBlocking({ name, words }: ScriptCommand): boolean {
  return blocking.has(name) ||
    ((name === 'xread' || name === 'xreadgroup') && words().some((word) => word.toLowerCase() === 'block'));
}

function valueOf(reply: Reply): Value {
  if (reply === null || reply instanceof Error) return undefined;
  if (typeof reply === 'number') return reply;
  return Array.isArray(reply) ? reply.map(valueOf) : textOf(reply);
}
