/** One connection to Redis: calls with a deadline, several in flight, no promise per command. */
import { quotable } from '../../contract/foreign-text.ts';
import { formatHostPort } from '../../contract/host-port.ts';
import type { RedisAddress } from '../../contract/redis-address.ts';
import { type RedisTls, tlsCodeOf, tlsFault } from '../../contract/redis-tls.ts';
import { type Command, CommandBuffer, encodeCommands } from './commands.ts';
import { RedisError, type Reply, ReplyParser } from './resp.ts';
import { dialTls } from './tls.ts';
import type { Wire } from './wire.ts';
import { after, type Timer } from '../pod/timers.ts';

/** How to reach a Redis and who to be there. */
export interface RedisTarget {
  readonly address: RedisAddress;
  readonly username?: string;
  readonly password?: string;
  /** How TLS is checked, where the address asks for TLS. */
  readonly tls?: RedisTls;
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  /** Milliseconds until dialling and logging in is given up; 5000 when absent. */
  readonly connectTimeoutMs?: number;
}

/** The connection is gone, or the server did not answer in time; what was in flight may or may not have happened. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  /** `closed` by this side, `refused` by a server that said it would not read on, else `lost`. */
  readonly kind: 'closed' | 'refused' | 'lost';
  constructor(message: string, options?: ErrorOptions & { readonly kind?: 'closed' | 'refused' }) {
    super(message, options);
    this.kind = options?.kind ?? 'lost';
  }
}

/** How a server's last error begins before it closes the connection, as over a string longer than it takes. */
const lastWords = 'ERR Protocol error';

const defaultDeadlineMs = 10_000;
const lateReplyMs = 100;
/** Replies of a transaction that are not to single commands: that of EXEC and that of the command behind it. */
const afterQueued = 2;

/**
 * Opens a socket to Redis and logs in, so that whoever gets it can speak at once.
 * @throws ConnectionLostError when it cannot be reached in time, RedisError when it refuses the login.
 */
export async function dialRedis(target: RedisTarget): Promise<Wire> {
  const { hosts: [server], db } = target.address;
  const where = formatHostPort(server);
  const timeoutMs = target.connectTimeoutMs ?? 5000;
  const dialled = dial(target, timeoutMs);
  const conn = await orTimeout(dialled, timeoutMs, `Redis at ${where} did not answer`).catch((cause: unknown) => {
    dialled.then((late) => late.close(), () => {}); // nobody waits for it any more
    throw new ConnectionLostError(unreached(where, cause), { cause });
  });
  try {
    await orTimeout(
      logIn(conn, loginCommands(target, db), target.password),
      timeoutMs,
      `Redis at ${where} did not answer the login`,
    );
    return conn;
  } catch (cause) {
    conn.close();
    if (cause instanceof RedisError) throw cause;
    throw new ConnectionLostError(unreached(where, cause), { cause });
  }
}

async function dial({ address, tls }: RedisTarget, timeoutMs: number): Promise<Wire> {
  const [server] = address.hosts;
  if (address.tls) return dialTls(server, tls ?? {}, timeoutMs);
  const conn = await Deno.connect({ hostname: server.host, port: server.port });
  conn.setNoDelay(true);
  return conn;
}

function unreached(where: string, cause: unknown): string {
  const code = tlsCodeOf(cause);
  return code === undefined
    ? `Redis at ${where} cannot be reached: ${messageOf(cause)}`
    : `Redis at ${where} ${tlsFault.what}: ${code}; ${tlsFault.fix}`;
}

function loginCommands(target: RedisTarget, db: number): Command[] {
  const commands: Command[] = [];
  if (target.password) {
    commands.push(target.username ? ['AUTH', target.username, target.password] : ['AUTH', target.password]);
  }
  if (db !== 0) commands.push(['SELECT', db]);
  commands.push(['CLIENT', 'SETNAME', target.name]);
  return commands;
}

async function logIn(conn: Wire, commands: readonly Command[], password: string | undefined): Promise<void> {
  await writeAll(conn, encodeCommands(...commands));
  const parser = new ReplyParser();
  for (const command of commands) {
    const reply = await readReply(conn, parser);
    // A user without the right to name its connection may still do all the work.
    const allowed = command[0] === 'CLIENT' && reply instanceof RedisError && reply.code === 'NOPERM';
    if (reply instanceof RedisError && !allowed) {
      throw new RedisError(`${quotable(reply.message, password)} (while logging in with ${command[0]})`);
    }
  }
}

async function readReply(conn: Wire, parser: ReplyParser): Promise<Reply> {
  for (;;) {
    const reply = parser.next();
    if (reply !== undefined) return reply;
    const bytes = await conn.read(parser.space());
    if (bytes === null) throw new Error('the connection was closed');
    parser.filled(bytes);
  }
}

/** Replies of one call, as they come in. */
interface Call {
  readonly replies: Reply[];
  missing: number;
  readonly kind: 'any' | 'transaction';
  readonly resolve: (replies: Reply[]) => void;
  readonly reject: (error: Error) => void;
  timer: Timer;
}

/** A logged-in connection. Calls may overlap; replies come in the order of the calls. */
export class Connection {
  readonly #conn: Wire;
  readonly #parser: ReplyParser;
  readonly #calls: Call[] = [];
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
  async commandWithin(deadlineMs: number, ...command: Command): Promise<Reply> {
    const [reply] = await this.#exchange(encodeCommands(command), 1, deadlineMs, 'any');
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
        timer: after(deadlineMs, () => this.#expire(call, deadlineMs)),
      };
      this.#calls.push(call);
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
    call.timer.cancel();
    call.resolve(call.replies);
  }

  /** A handler that kept the process busy past the deadline must not look like a dead server: what has arrived is read first. */
  #expire(call: Call, deadlineMs: number): void {
    call.timer = after(lateReplyMs, () => this.#fail(`Redis did not answer within ${deadlineMs} ms`));
  }

  #fail(message: string, cause?: unknown, kind?: 'closed'): void {
    if (this.#lost) return;
    const last = this.#calls[0]?.replies.at(-1);
    this.#lost = last instanceof RedisError && last.message.startsWith(lastWords)
      ? new ConnectionLostError(`Redis closed the connection: ${last.message}`, { cause, kind: 'refused' })
      : new ConnectionLostError(message, { cause, ...(kind ? { kind } : {}) });
    this.#outbox = [];
    try {
      this.#conn.close();
    } catch {
      // Deno has closed the socket already
    }
    for (const call of this.#calls.splice(0)) {
      call.timer.cancel();
      call.reject(this.#lost);
    }
  }
}

/** Dials, logs in and wraps the socket; see {@link dialRedis} for what it throws. */
export async function connectRedis(target: RedisTarget, bulkAs: 'text' | 'bytes' = 'text'): Promise<Connection> {
  return new Connection(await dialRedis(target), bulkAs);
}

async function writeAll(conn: Wire, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(at === 0 ? bytes : bytes.subarray(at));
}

function orTimeout<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = after(ms, () => reject(new Error(`${message} within ${ms} ms`)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
