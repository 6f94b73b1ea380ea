import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../operator/clock.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import type { RedisLink } from '../../operator/redis/link.ts';
import { claimName, type ClaimOptions } from '../../operator/redis/name-claim.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { freePort } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';
import { targetAt } from '../support/redis-target.ts';

let server: TestRedis;
let link: RedisLink;
const connections = new RedisConnections();
let count = 0;

beforeAll(async () => {
  server = await startRedis();
  link = connections.control(targetAt(server));
});
afterAll(async () => {
  connections.close();
  await server.stop();
});

function options(more: Partial<ClaimOptions> = {}): ClaimOptions {
  return {
    key: `name-${count}`,
    holder: 'one',
    clock: systemClock,
    isDead: () => Promise.resolve(false),
    onLost: () => undefined,
    onFault: () => undefined,
    ...more,
  };
}

test('a name is held by one at a time, for as long as its proof is renewed', async () => {
  count += 1;
  const clock = new ManualClock();
  const first = await claimName(link, options({ clock }));
  expect(first.isHeld).toBe(true);
  for (let renewals = 0; renewals < 3; renewals += 1) {
    await server.client.pexpire(`name-${count}`, 9000);
    await clock.advance(5000);
    await eventually('it is renewed', async () => (await server.client.pttl(`name-${count}`)) > 9000);
  }
  expect(await claimName(link, options({ holder: 'two' }))).toEqual({ isHeld: false, holder: 'one' });
  if (first.isHeld) await first.release();
  expect([await server.client.exists(`name-${count}`), clock.pending]).toEqual([0, 0]);
});

test('one that is known to be dead is not waited for', async () => {
  count += 1;
  await server.client.set(`name-${count}`, 'killed', 'PX', 60_000);
  const claim = await claimName(link, options({ isDead: (holder) => Promise.resolve(holder === 'killed') }));
  expect(claim.isHeld).toBe(true);
  if (claim.isHeld) await claim.release();
});

test('whoever was stopped for too long is told once who has the name now, and leaves it alone', async () => {
  count += 1;
  const lost: string[] = [];
  const claim = await claimName(link, options({ lifeMs: 60, onLost: (holder) => lost.push(holder) }));
  await server.client.set(`name-${count}`, 'two');
  await eventually('it is told', () => lost.length > 0);
  if (claim.isHeld) await claim.release();
  expect(lost).toEqual(['two']);
  expect(await server.client.get(`name-${count}`)).toBe('two');
});

test('a Redis that does not answer holds nobody back', async () => {
  const faults: string[] = [];
  const nowhere = connections.control(targetAt({ port: await freePort() }));
  const claim = await claimName(nowhere, options({ onFault: ({ code }) => faults.push(code) }));
  expect([claim.isHeld, faults]).toEqual([true, ['RedisUnreachable']]);
  if (claim.isHeld) await claim.release();
});
