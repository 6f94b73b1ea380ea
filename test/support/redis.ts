/** A real redis-server on a free port, one per test file. */
import { Redis } from 'ioredis';
import { type AclUser, rulesOf, without } from '../../operator/redis/acl.ts';
import { examiningCommands, operatorUser } from '../../operator/redis/operator-rights.ts';
import { notEverywhere } from '../../operator/redis/user-management.ts';
import { denialsOf, operatorName } from './denials.ts';
import { freePort, start, type TestProcess } from './processes.ts';
import { eventually } from './wait.ts';

/** The server's program: `REDIS_SERVER`, or the machine's own redis-server. */
export const redisServer = process.env['REDIS_SERVER'] ?? 'redis-server';

/**
 * A redis-server of the test's own. Nothing is kept on disk. Whenever it ends, it is an error if the operator or a
 * user of a worker was denied anything until then; a test that is about denials resets the log of them.
 */
export interface TestRedis {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** A connected client; closed by {@link TestRedis.stop}. */
  readonly client: Redis;
  readonly pid: () => number;
  readonly isUp: () => boolean;
  /** Makes a user, which restarts keep as an ACL file does. */
  addUser(user: AclUser): Promise<void>;
  /** Ends the server at once, as a crash does; all data is gone. */
  crash(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** True when the server was built with TLS: asked for it without a certificate, it ends over that and nothing else. */
export async function knowsTls(): Promise<boolean> {
  const server = start(redisServer, [
    '--port',
    '0',
    '--tls-port',
    String(await freePort()),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
  ]);
  await server.ended;
  return server.output().includes('No tls-cert-file configured');
}

/** Why a test of TLS is skipped. */
export const noTls = `${redisServer} is built without TLS`;

/** The password of servers that are kept as in life: without it nobody gets in. */
export const guardPassword = 'of the operator';

/** The login of an operator there, with the rights the docs tell an admin to give. */
export const operatorLogin = { username: operatorName, password: guardPassword };

/** Starts a redis-server that only those with {@link guardPassword} may use. */
export async function startGuardedRedis(args: readonly string[] = []): Promise<TestRedis> {
  const redis = await startRedis(['--requirepass', guardPassword, ...args], { password: guardPassword });
  const user = operatorUser(operatorName, guardPassword);
  await redis.addUser({ ...user, commands: [...user.commands, ...examiningCommands] });
  return redis;
}

/** A client that outlives its server: tests stop servers on purpose, and start them again. */
export function patientClient(port: number, login: { readonly username?: string; readonly password?: string }): Redis {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    ...login,
  });
  client.on('error', () => undefined);
  return client;
}

/** Starts redis-server with extra arguments, for example `['--requirepass', 'x']`. */
export async function startRedis(
  args: readonly string[] = [],
  clientOptions: { username?: string; password?: string } = {},
): Promise<TestRedis> {
  const port = await freePort();
  const users = new Map<string, readonly string[]>();
  const launch = (): TestProcess =>
    start(redisServer, [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      ...args,
      ...[...users].flatMap(([name, rules]) => ['--user', name, ...rules]),
    ]);
  let server = launch();
  let isUp = true;
  const client = patientClient(port, clientOptions);
  const answers = () => eventually('redis-server answers PING', async () => (await client.ping()).length > 0);
  await answers();
  const unknown = await unknownOf(client);
  const checked = async () => {
    const denials = isUp && client.status === 'ready' ? await denialsOf(client) : [];
    if (denials.length > 0) throw new Error(`denied:\n${denials.join('\n')}`);
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    pid: () => server.pid,
    isUp: () => isUp,
    async addUser(user) {
      const rules = rulesOf(without(user, unknown));
      users.set(user.name, rules);
      if (isUp) await client.call('ACL', 'SETUSER', user.name, ...rules);
    },
    async crash() {
      await checked();
      isUp = false;
      server.child.kill('SIGKILL');
      await server.ended;
    },
    async restart() {
      await checked();
      await server.stop();
      server = launch();
      await answers();
      isUp = true;
    },
    async stop() {
      try {
        await checked();
      } finally {
        client.disconnect();
        await server.stop();
      }
    },
  };
}

/** Commands of the rules that the server does not know. */
export async function unknownOf(client: Redis): Promise<ReadonlySet<string>> {
  const replies = (await client.call('COMMAND', 'INFO', ...notEverywhere)) as unknown[];
  return new Set(notEverywhere.filter((_, at) => replies[at] === null));
}
