/**
 * Tells of every change of the cluster's scripts, whoever makes it: the server says which key was written, so that
 * nothing has to be asked over and over, and a script that was disabled or taken ends at once.
 */
import type { Connection } from '../redis/connection.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { encodeCommands } from '../redis/commands.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { RedisError, type Reply, ReplyParser } from '../redis/resp.ts';
import type { Route } from '../redis/route.ts';
import { type Wire, writeAll } from '../redis/wire.ts';

const channel = '__redis__:invalidate';

/** What is followed. `lost` settles when nothing more will be told. */
export interface News {
  readonly lost: Promise<Error>;
  close(): void;
}

/**
 * Follows all keys that begin so. What `writer` itself writes is not told.
 * @param onKeys told the keys that were written; `undefined` when all of them may have been
 * @returns undefined where the server cannot tell, or the login may not ask for it
 */
export async function followKeys(
  route: Route,
  writer: Connection,
  prefixes: readonly string[],
  onKeys: (keys: readonly string[] | undefined) => void,
): Promise<News | undefined> {
  const wire = await route.dial();
  const listener = new Listener(wire);
  try {
    const id = await listener.ask(['CLIENT', 'ID']);
    const subscribed = await listener.ask(['SUBSCRIBE', channel]);
    for (const reply of [id, subscribed]) if (reply instanceof RedisError) throw reply;
    const follow = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
    await writer.command('CLIENT', 'TRACKING', 'ON', 'REDIRECT', textOf(id), 'BCAST', ...follow, 'NOLOOP');
  } catch (error) {
    wire.close();
    if (error instanceof RedisError) return undefined;
    throw error;
  }
  return { lost: listener.listen(onKeys), close: () => listener.close() };
}

class Listener {
  readonly #wire: Wire;
  readonly #parser = new ReplyParser();
  #closed = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async ask(command: readonly string[]): Promise<Reply> {
    await writeAll(this.#wire, encodeCommands(command));
    return await this.#read();
  }

  async listen(onKeys: (keys: readonly string[] | undefined) => void): Promise<Error> {
    try {
      for (;;) {
        const [kind, , keys] = itemsOf(await this.#read());
        if (textOf(kind) === 'message') onKeys(Array.isArray(keys) ? itemsOf(keys).map(textOf) : undefined);
      }
    } catch (error) {
      this.close();
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wire.close();
  }

  async #read(): Promise<Reply> {
    for (;;) {
      const reply = this.#parser.next();
      if (reply !== undefined) return reply;
      const bytes = await this.#wire.read(this.#parser.space());
      if (bytes === null) throw new ConnectionLostError('Redis closed the connection');
      this.#parser.filled(bytes);
    }
  }
}
