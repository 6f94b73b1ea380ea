import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { interrupted } from '../../operator/redis/blocking-link.ts';
import { type ConnectionOptions, RedisConnections } from '../../operator/redis/connections.ts';
import { RedisFault } from '../../operator/redis/fault.ts';
import { script } from '../../operator/redis/script.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { freePort, start } from '../support/processes.ts';
import { redisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';
import { targetAt } from '../support/redis-target.ts';

const secret = 'canary-5f1c';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function serve(args: string[] = [], login: { username?: string; password?: string } = {}): Promise<TestRedis> {
  const server = await startRedis(args, login);
  cleanups.push(() => server.stop());
  return server;
}

function connect(options: ConnectionOptions = {}): RedisConnections {
  const connections = new RedisConnections({ commandMs: 300, random: () => 0, ...options });
  cleanups.push(() => connections.close());
  return connections;
}

async function faultOf(work: Promise<unknown>): Promise<RedisFault> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(RedisFault);
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  return error as RedisFault;
}

const clientsOf = async (server: TestRedis): Promise<number> =>
  String(await server.client.client('LIST')).split('\n').filter((line) => line.includes('name=redisworker-operator'))
    .length;

test('equal targets share one connection, whatever is asked at once', async () => {
  const server = await serve();
  const connections = connect();
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) => connections.control(targetAt(server)).command('ECHO', n)),
  );
  expect(replies).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
  expect(await clientsOf(server)).toBe(1);
});

test('what is asked in one turn goes out in one packet, whoever asks', async () => {
  const server = await serve();
  const connections = connect();
  const readsOf = async () =>
    Number(/total_reads_processed:(\d+)/.exec(await server.client.info('stats'))?.[1] ?? Number.NaN);
  await connections.control(targetAt(server)).command('PING');
  const before = await readsOf();
  const looks = Array.from({ length: 50 }, async (_, n) => {
    const link = connections.control(targetAt(server));
    await link.pipeline([['ECHO', n], ['PING']]); // the replies of all come together, and so does what is asked next
    return await link.command('ECHO', n);
  });
  expect(await Promise.all(looks)).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
  expect(await readsOf() - before).toBeLessThan(10);
});

test('logs in, selects the database, and works with a password where none is needed', async () => {
  const server = await serve(['--requirepass', secret], { password: secret });
  const open = await serve();
  const connections = connect();
  await connections.control(targetAt(server, { password: secret, db: 3 })).command('SET', 'a', '1');
  await server.client.select(3);
  expect(await server.client.get('a')).toBe('1');
  expect(await connections.control(targetAt(open, { password: secret })).command('PING')).toBe('PONG');
});

test('a wrong password, a missing one and an unknown user are a failed login', async () => {
  const server = await serve(['--requirepass', 'right'], { password: 'right' });
  const connections = connect();
  for (const login of [{ password: secret }, {}, { username: 'nobody', password: secret }]) {
    const fault = await faultOf(connections.control(targetAt(server, login)).command('PING'));
    expect(fault.code).toBe('RedisAuthFailed');
    expect(fault.message).toContain(`127.0.0.1:${server.port}`);
  }
});

test('an unknown user is refused even where the default user needs no password', async () => {
  const server = await serve();
  const fault = await faultOf(
    connect().control(targetAt(server, { username: 'nobody', password: secret })).command('PING'),
  );
  expect(fault.code).toBe('RedisAuthFailed');
});

test('names the command an ACL user lacks', async () => {
  const server = await serve();
  await server.client.call('ACL', 'SETUSER', 'app', 'on', `>${secret}`, '~*', '+@read');
  const link = connect().control(targetAt(server, { username: 'app', password: secret }));
  expect(await link.command('GET', 'a')).toBeNull();
  const fault = await faultOf(link.command('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM'));
  expect(fault.code).toBe('RedisNoPermission');
  expect(fault.message).toContain('xgroup|create');
  expect(fault.message).toContain('user "app"');
});

test('says why a server takes no writes: out of memory, a replica', async () => {
  const server = await serve();
  const link = connect().control(targetAt(server));
  await server.client.config('SET', 'maxmemory', '1');
  expect((await faultOf(link.command('SET', 'a', '1'))).code).toBe('RedisOutOfMemory');
  await server.client.config('SET', 'maxmemory', '0');
  await server.client.replicaof('127.0.0.1', '1');
  expect((await faultOf(link.command('SET', 'a', '1'))).code).toBe('RedisReadOnly');
  await server.client.replicaof('NO', 'ONE');
  expect(await link.command('SET', 'a', '1')).toBe('OK');
});

test('a refused command of a pipeline leaves its fault at its place', async () => {
  const server = await serve();
  await server.client.set('text', 'x');
  const replies = await connect().control(targetAt(server)).pipeline([['GET', 'text'], ['LLEN', 'text'], ['PING']]);
  expect(replies).toEqual(['x', expect.objectContaining({ code: 'RedisWrongType' }), 'PONG']);
});

test('teaches a script to a server that does not know it, also after it forgot', async () => {
  const server = await serve();
  const link = connect().control(targetAt(server));
  const echo = script('return {KEYS[1], ARGV[1]}');
  expect(await link.script(echo, ['k'], ['a'])).toEqual(['k', 'a']);
  await server.client.script('FLUSH');
  expect(await link.script(echo, ['k'], ['b'])).toEqual(['k', 'b']);
});

test('a restarted server is used again without a failed command', async () => {
  const server = await serve();
  const link = connect().control(targetAt(server));
  await link.command('PING');
  await server.crash();
  await server.restart();
  expect(await link.command('PING')).toBe('PONG');
});

test('a server that is down is told at once, left alone for a while, and found again', async () => {
  const clock = new ManualClock();
  const port = await freePort();
  const codes: string[] = [];
  const meter = { roundtrip: () => undefined, error: (code: string) => void codes.push(code) };
  const link = connect({ clock, meter }).control(targetAt({ port }));
  const first = await faultOf(link.command('PING'));
  expect(first.code).toBe('RedisUnreachable');
  expect(first.message).toContain('ECONNREFUSED');
  expect(await faultOf(link.command('PING'))).toBe(first);
  expect(codes).toEqual(['RedisUnreachable', 'RedisUnreachable']);
  const server = start(redisServer, ['--port', String(port), '--bind', '127.0.0.1', '--save', '']);
  cleanups.push(() => server.stop());
  await eventually('the link finds the server', async () => {
    await clock.advance(10_000);
    return (await link.command('PING')) === 'PONG';
  });
});

test('a server that hangs fails commands by their deadline and is used again when it wakes', async () => {
  const server = await serve();
  const link = connect({ commandMs: 200 }).control(targetAt(server));
  await link.command('PING');
  process.kill(server.pid(), 'SIGSTOP');
  try {
    const faults = await Promise.all([faultOf(link.command('GET', 'a')), faultOf(link.command('SET', 'a', secret))]);
    for (const fault of [...faults, await faultOf(link.command('PING'))]) {
      expect(fault.message).toContain('does not answer in time');
    }
  } finally {
    process.kill(server.pid(), 'SIGCONT');
  }
  await eventually('the link works again', async () => (await link.command('PING')) === 'PONG');
});

test('an unused connection is closed and opened again when needed', async () => {
  const server = await serve();
  const clock = new ManualClock();
  const connections = connect({ clock, idleMs: 60_000 });
  const link = connections.control(targetAt(server));
  await link.command('PING');
  await clock.advance(60_000);
  await eventually('no client is left', async () => (await clientsOf(server)) === 0);
  expect(await link.command('PING')).toBe('PONG');
  expect(await connections.control(targetAt(server)).command('PING')).toBe('PONG');
});

test('a blocking read can be broken off, and gives up on a server that hangs', async () => {
  const server = await serve();
  const blocking = connect().blocking(targetAt(server), 'nothing');
  const read = (deadlineMs: number) => blocking.command(deadlineMs, 'XREAD', 'BLOCK', 0, 'STREAMS', 's', '0');
  const first = read(20_000);
  await eventually('the read blocks', async () => String(await server.client.client('LIST')).includes('cmd=xread'));
  blocking.interrupt();
  expect(await first).toBe(interrupted);
  process.kill(server.pid(), 'SIGSTOP');
  try {
    expect((await faultOf(read(100))).message).toContain('in time');
  } finally {
    process.kill(server.pid(), 'SIGCONT');
  }
  await server.client.xadd('s', '1-1', 'a', 'b');
  expect(await read(20_000)).toEqual([['s', [['1-1', ['a', 'b']]]]]);
});

test('a server that speaks no TLS is told from one that does not pass the check', async () => {
  const plain = await serve();
  expect((await faultOf(connect().control(targetAt(plain, { tls: {} })).command('PING'))).message).toContain(
    'whether it speaks TLS',
  );
});
