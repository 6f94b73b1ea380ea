/** Servers that are no Redis, or one gone mad, as the operator tells of them. */
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { RedisFault } from '../../operator/redis/fault.ts';
import type { RedisTarget } from '../../operator/redis/target.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { manners, type Nonsense, startNonsense } from '../support/nonsense.ts';

const secret = 'canary-77ab';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function serve(manner: keyof typeof manners): Promise<{ server: Nonsense; target: RedisTarget }> {
  const server = await startNonsense(manner);
  cleanups.push(() => server.stop());
  return { server, target: { host: '127.0.0.1', port: server.port, db: 0, username: 'u', password: secret } };
}

function connect(): RedisConnections {
  const connections = new RedisConnections({ commandMs: 100, random: () => 0, clock: new ManualClock() });
  cleanups.push(() => connections.close());
  return connections;
}

async function expectOneSentence(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(RedisFault);
  const { message } = error as RedisFault;
  expect(message).toMatch(/^Redis at 127\.0\.0\.1:\d+ \(user "u"\) [ -~]*\.$/);
  expect(message.length).toBeLessThan(450);
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  return message;
}

test.each(Object.keys(manners) as (keyof typeof manners)[])(
  'a server that %s is told in one bounded sentence, and left alone for a while',
  async (manner) => {
    const { server, target } = await serve(manner);
    const connections = connect();
    const link = connections.control(target);
    await expectOneSentence(link.command('XINFO', 'STREAM', 's'));
    await expectOneSentence(connections.blocking(target).command(100, 'XREAD', 'STREAMS', 's', '0'));
    const before = server.connections();
    for (let again = 0; again < 20; again++) await expectOneSentence(link.command('PING'));
    expect(server.connections() - before).toBeLessThan(2);
  },
);

test('what is no Redis is called so', async () => {
  for (const manner of ['speaks HTTP', 'answers garbage'] as const) {
    const { target } = await serve(manner);
    expect(await expectOneSentence(connect().control(target).command('PING'))).toContain(
      'what answers there is no Redis',
    );
  }
});
