/** One connection to Redis: calls with a deadline, several in flight, no promise per command. */
import type { HostPort } from '../../contract/host-port.ts';
import { type Command, CommandBuffer, encodeCommands } from './commands.ts';
import { ConnectionLostError } from './connection-lost.ts';
import { Deadlines } from './deadlines.ts';
import { dialServer, type RedisTarget } from './dial.ts';
import { RedisError, type Reply, ReplyParser } from './resp.ts';
import { type Wire, writeAll } from './wire.ts';

/** How a server's last error begins before it closes the connection, as over a string longer than it takes. */
const lastWords = 'ERR Protocol error';

/** How long a command may take that is not told otherwise. */
export const defaultDeadlineMs = 10_000;
const lateReplyMs = 100;
/** Replies of a transaction that are not to single commands: that of EXEC and that of the command behind it. */
const afterQueued = 2;

/** Replies of one call, as they come in. */
interface Call {
  readonly replies: Reply[];
  missing: number;
  readonly kind: 'any' | 'transaction';
  readonly resolve: (replies: Reply[]) => void;
  readonly reject: (error: Error) => void;
  /** When its replies are to be there, by `performance.now()`. */
  dueMs: number;
  readonly deadlineMs: number;
  isLate: boolean;
}

/** A logged-in connection. Calls may overlap; replies come in the order of the calls. */
export class Connection {
  readonly #conn: Wire;
  readonly #parser: ReplyParser;
  readonly #calls: Call[] = [];
  readonly #deadlines = new Deadlines(() => this.#calls, (call) => this.#expire(call));
  #outbox: Uint8Array[] = [];
  #writing = false;
  #lost: ConnectionLostError | undefined;

  constructor(conn: Wire, bulkAs: 'text' | 'bytes' = 'text') {
    this.#conn = conn;
    this.#parser = new ReplyParser(bulkAs);
    void this.#read();
  }

  /**
   * Sends one command.
   * @throws RedisError when the reply is an error, ConnectionLostError when none came.
   */
  command(...command: Command): Promise<Reply> {
    return this.commandWithin(defaultDeadlineMs, ...command);
  }

  /** As {@link Connection.command}, with a deadline of its own in milliseconds. */
  commandWithin(deadlineMs: number, ...command: Command): Promise<Reply> {
    return this.encodedWithin(deadlineMs, encodeCommands(command));
  }

  /** As {@link Connection.commandWithin}, of one command that is bytes already. */
  async encodedWithin(deadlineMs: number, bytes: Uint8Array): Promise<Reply> {
    const [reply] = await this.#exchange(bytes, 1, deadlineMs, 'any');
    if (reply instanceof RedisError) throw reply;
    return reply as Reply;
  }

  /** Sends several commands in one write. Errors are values among the replies. */
  pipeline(commands: readonly Command[], deadlineMs = defaultDeadlineMs): Promise<Reply[]> {
    const buffer = new CommandBuffer();
    for (const command of commands) buffer.add(command);
    return this.#exchange(buffer.take(), commands.length, deadlineMs, 'any');
  }

  /**
   * Sends an encoded transaction with one command behind it. Of its replies come only the errors of what could not be
   * queued, the reply of EXEC with null for every string, and that of the command behind it.
   */
  transaction(bytes: Uint8Array, replyCount: number): Promise<Reply[]> {
    return this.#exchange(bytes, replyCount, defaultDeadlineMs, 'transaction');
  }

  #exchange(bytes: Uint8Array, replyCount: number, deadlineMs: number, kind: Call['kind']): Promise<Reply[]> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (replyCount === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const call: Call = {
        replies: [],
        missing: replyCount,
        kind,
        resolve,
        reject,
        dueMs: performance.now() + deadlineMs,
        deadlineMs,
        isLate: false,
      };
      this.#calls.push(call);
      this.#deadlines.watch(call);
      this.#outbox.push(bytes);
      void this.#write();
    });
  }

  /** Closes the socket at once; calls in flight are rejected. */
  close(): void {
    this.#fail('the connection was closed by this side', undefined, 'closed');
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      for (let parts = this.#outbox; parts.length > 0; parts = this.#outbox) {
        this.#outbox = [];
        for (const part of parts) await writeAll(this.#conn, part);
      }
    } catch (cause) {
      this.#fail(`writing to Redis failed: ${messageOf(cause)}`, cause);
    } finally {
      this.#writing = false;
    }
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const bytes = await this.#conn.read(this.#parser.space());
        if (bytes === null) return this.#fail('Redis closed the connection');
        this.#parser.filled(bytes);
        for (let reply = this.#next(); reply !== undefined; reply = this.#next()) this.#take(reply);
      }
    } catch (cause) {
      this.#fail(`reading from Redis failed: ${messageOf(cause)}`, cause);
    }
  }

  /** Most of a transaction's replies say nothing: they are passed over as bytes. */
  #next(): Reply | undefined {
    const call = this.#calls[0];
    if (call?.kind !== 'transaction') return this.#parser.next();
    if (call.missing > afterQueued) call.missing -= this.#parser.skipQueued(call.missing - afterQueued);
    return this.#parser.next(call.missing === afterQueued ? 'skipped' : 'taken');
  }

  #take(reply: Reply): void {
    const call = this.#calls[0];
    if (call === undefined) throw new Error('Redis sent a reply nobody asked for');
    call.replies.push(reply);
    if (--call.missing > 0) return;
    this.#calls.shift();
    call.resolve(call.replies);
  }

  /** A handler that kept the process busy past the deadline must not look like a dead server: what has arrived is read first. */
  #expire(call: Call): void {
    if (call.isLate) return this.#fail(`Redis did not answer within ${call.deadlineMs} ms`);
    call.isLate = true;
    call.dueMs = performance.now() + lateReplyMs;
  }

  #fail(message: string, cause?: unknown, kind?: 'closed'): void {
    if (this.#lost) return;
    const last = this.#calls[0]?.replies.at(-1);
    this.#lost = last instanceof RedisError && last.message.startsWith(lastWords)
      ? new ConnectionLostError(`Redis closed the connection: ${last.message}`, { cause, kind: 'refused' })
      : new ConnectionLostError(message, { cause, ...(kind ? { kind } : {}) });
    this.#outbox = [];
    this.#deadlines.end();
    try {
      this.#conn.close();
    } catch {
      // Deno has closed the socket already
    }
    for (const call of this.#calls.splice(0)) call.reject(this.#lost);
  }
}

/** Dials a server, logs in and wraps the socket; see {@link dialServer} for what it throws. */
export async function connectServer(
  target: RedisTarget,
  server: HostPort,
  bulkAs: 'text' | 'bytes' = 'text',
): Promise<Connection> {
  return new Connection(await dialServer(target, server), bulkAs);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
