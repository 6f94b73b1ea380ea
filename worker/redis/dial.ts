/** Dials one server of a Redis and logs in. */
import { quotable } from '../../contract/foreign-text.ts';
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import type { RedisAddress } from '../../contract/redis-address.ts';
import { type RedisTls, tlsCodeOf, tlsFault } from '../../contract/redis-tls.ts';
import { after } from '../pod/timers.ts';
import { type Command, encodeCommands } from './commands.ts';
import { ConnectionLostError } from './connection-lost.ts';
import { RedisError, type Reply, ReplyParser } from './resp.ts';
import { dialTls } from './tls.ts';
import { type Wire, writeAll } from './wire.ts';

/** Who to be; without a password nobody in particular. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
}

/** How to reach a Redis and who to be there. */
export interface RedisTarget extends Login {
  readonly address: RedisAddress;
  /** Who to be at the Sentinels, where the address names some. */
  readonly sentinel?: Login;
  /** How TLS is checked, where the address asks for TLS. */
  readonly tls?: RedisTls;
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  /** Milliseconds until dialling and logging in is given up; 5000 when absent. */
  readonly connectTimeoutMs?: number;
}

/**
 * Opens a socket to one server and logs in, so that whoever gets it can speak at once.
 * @throws ConnectionLostError when it cannot be reached in time, RedisError when it refuses the login.
 */
export async function dialServer(target: RedisTarget, server: HostPort): Promise<Wire> {
  const where = formatHostPort(server);
  const timeoutMs = target.connectTimeoutMs ?? 5000;
  const dialled = dial(target, server, timeoutMs);
  const conn = await orTimeout(dialled, timeoutMs, `Redis at ${where} did not answer`).catch((cause: unknown) => {
    dialled.then((late) => late.close(), () => {}); // nobody waits for it any more
    throw new ConnectionLostError(unreached(where, cause), { cause });
  });
  try {
    await orTimeout(
      logIn(conn, loginCommands(target), target.password),
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

async function dial({ address, tls }: RedisTarget, server: HostPort, timeoutMs: number): Promise<Wire> {
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

function loginCommands(target: RedisTarget): Command[] {
  const commands: Command[] = [];
  if (target.password) {
    commands.push(target.username ? ['AUTH', target.username, target.password] : ['AUTH', target.password]);
  }
  if (target.address.db !== 0) commands.push(['SELECT', target.address.db]);
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

function orTimeout<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = after(ms, () => reject(new Error(`${message} within ${ms} ms`)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
