/** Users as a real server keeps them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Clock } from '../../operator/clock.ts';
import { systemClock } from '../../operator/clock.ts';
import { type AclUser, deleteUser, exactly, listUsers, readUser, setUser, without } from '../../operator/redis/acl.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import type { RedisLink } from '../../operator/redis/link.ts';
import { UserComparison } from '../../operator/redis/user-comparison.ts';
import { UserManagementProbe } from '../../operator/redis/user-management.ts';
import { redisUser } from '../../operator/redisworker/desired/redis-user.ts';
import { forgetDenials } from '../support/denials.ts';
import { worker } from '../support/gen.ts';
import { observed } from '../support/observed.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';
import { userOf } from '../support/worker-user.ts';

const password = 'of the operator';
const comparison = new UserComparison();
let server: TestRedis;
let link: RedisLink;
const connections = new RedisConnections();

beforeAll(async () => {
  server = await startRedis(['--requirepass', password], { password });
  link = linkOf();
});
afterAll(async () => {
  connections.close();
  await server.stop();
});

const linkOf = (login: { username?: string; password?: string } = { password }) =>
  connections.control(targetAt(server, login));
const managementFor = (from: RedisLink, clock: Clock = systemClock) => new UserManagementProbe(clock).of(from);

const user: AclUser = {
  name: 'rw-one',
  passwords: ['now', 'before'],
  commands: ['ping', 'hget', 'xgroup|create'],
  keys: ['demo:*:h', exactly('odd[*]?\\key')],
  selectors: [
    { commands: ['lpush', 'expire'], keys: ['res:*'] },
    { commands: ['get', 'set', 'publish', 'subscribe'], keys: ['cache:*'], channels: ['news:*'] },
  ],
};

async function asWritten(): Promise<void> {
  await setUser(link, user);
  expect(await comparison.of(link, user)).toBe('current');
}

test('a user is read back as it was written, and any difference is seen', async () => {
  await asWritten();
  for (
    const change of [
      ['+get'],
      ['-hget'],
      ['~other'],
      ['&all'],
      ['(+get ~x)'],
      ['clearselectors'],
      ['off'],
      ['nopass'],
      ['allkeys'],
    ]
  ) {
    await server.client.acl('SETUSER', user.name, ...change);
    expect([change, await comparison.of(link, user)]).toEqual([change, 'drifted']);
    await asWritten();
  }
  await server.client.acl('SETUSER', user.name, '>another');
  expect(await comparison.of(link, user)).toBe('otherPasswords');
});

test('what our own rules read like is learnt from the server, which is left as it was', async () => {
  const management = await managementFor(link);
  if (management.kind !== 'managed') throw new Error(management.why);
  const wanted = without(
    redisUser(observed(worker('w')).spec!.blueprint, {
      passwords: ['x'],
      address: { db: 0, topology: { kind: 'Standalone' } },
      withheld: [],
    }),
    management.unknown,
  );
  await setUser(link, wanted);
  const before = await listUsers(link);
  expect(await new UserComparison().of(link, wanted)).toBe('current');
  expect((await listUsers(link)).digest).toBe(before.digest);
  await deleteUser(link, wanted.name);
});

test('a user that may do what another may, on keys of its own, is compared without any being made', async () => {
  const anew = new UserComparison();
  const other: AclUser = {
    ...user,
    name: 'rw-other',
    keys: ['other:*:h', 'first'],
    selectors: user.selectors.map((selector) => ({ ...selector, keys: ['zz', 'aa', 'aa'] })),
  };
  await asWritten();
  await setUser(link, other);
  expect(await anew.of(link, user)).toBe('current');
  const before = await usersMade();
  expect(await anew.of(link, other)).toBe('current');
  expect(await usersMade()).toBe(before);
  await server.client.acl('SETUSER', other.name, '~beyond');
  expect(await anew.of(link, other)).toBe('drifted');
  await deleteUser(link, other.name);
});

async function usersMade(): Promise<string | undefined> {
  return /cmdstat_acl\|setuser:calls=(\d+)/.exec(await server.client.info('commandstats'))?.[1];
}

test('writing a user anew leaves its connections open, and takes back all it had beyond', async () => {
  await asWritten();
  const theirs = server.client.duplicate({ username: user.name, password: 'now', enableReadyCheck: false });
  await theirs.ping();
  await server.client.acl('SETUSER', user.name, '+@all', '~*', '>another');
  await asWritten();
  await expect(theirs.get('x')).rejects.toThrow('NOPERM');
  expect(await theirs.lpush('res:1', 'x')).toBe(1);
  theirs.disconnect();
  await forgetDenials(server.client);
});

test('a key with signs of a pattern in it opens itself alone', async () => {
  await asWritten();
  const dry = (key: string) => server.client.acl('DRYRUN', user.name, 'HGET', key, 'f');
  expect(await dry('odd[*]?\\key')).toBe('OK');
  expect(await dry('odd[x]y\\key')).not.toBe('OK');
});

test('a user that is deleted is gone from the list, and none to begin with is no fault', async () => {
  await asWritten();
  const before = await listUsers(link);
  expect([...before.byName().keys()]).toContain(user.name);
  await deleteUser(link, user.name);
  await deleteUser(link, user.name);
  const after = await listUsers(link);
  expect(after.digest).not.toBe(before.digest);
  expect([...after.byName().keys()]).not.toContain(user.name);
  expect(await readUser(link, user.name)).toBeUndefined();
  expect(await comparison.of(link, user)).toBe('missing');
});

test('words the server does not know are left out of a user, or it would refuse the whole of it', async () => {
  const management = await managementFor(link);
  if (management.kind !== 'managed') throw new Error(management.why);
  const wanted = { ...user, commands: [...user.commands, 'hsetex', 'client|setinfo'] };
  const written = without(wanted, management.unknown);
  await setUser(link, written);
  expect(await comparison.of(link, written)).toBe('current');
});

test('a login that may not manage users, and a server that lets everybody in, are found out without a trace', async () => {
  const before = await listUsers(link);
  await server.client.acl('SETUSER', 'plain', 'on', '>x', '~*', '+@all', '-@admin');
  await server.client.acl('SETUSER', 'half', 'on', '>x', '~*', '+@all', '-acl', '+acl|getuser', '+acl|list');
  for (const username of ['plain', 'half']) {
    expect(await managementFor(linkOf({ username, password: 'x' }))).toMatchObject({
      kind: 'shared',
      why: "does not let the operator's login manage users",
    });
  }
  await server.client.acl('DELUSER', 'plain', 'half');
  await server.client.acl('SETUSER', 'default', 'nopass');
  const open = await managementFor(link);
  await server.client.acl('SETUSER', 'default', 'resetpass', `>${password}`);
  expect(open).toMatchObject({ kind: 'shared', why: 'lets everybody in without a password, as the user "default"' });
  expect((await managementFor(link)).kind).toBe('managed');
  expect((await listUsers(link)).digest).toBe(before.digest);
});

test('what was found out is asked for again after a while', async () => {
  let now = 0;
  const probe = new UserManagementProbe({ ...systemClock, now: () => now });
  await server.client.acl('SETUSER', 'promoted', 'on', '>x', '~*', '+@all', '-@admin');
  const theirs = linkOf({ username: 'promoted', password: 'x' });
  expect((await probe.of(theirs)).kind).toBe('shared');
  await server.client.acl('SETUSER', 'promoted', '+@admin');
  expect((await probe.of(theirs)).kind).toBe('shared');
  now += 5001;
  expect((await probe.of(theirs)).kind).toBe('managed');
});

test('a server of a test tells when it ends what it has denied to a worker, also one it has had before', async () => {
  const own = await startRedis();
  const worker = userOf({ type: 'told', runtime: 'Handler' });
  await own.addUser(worker);
  await own.restart();
  const theirs = own.client.duplicate({
    username: worker.name,
    password: worker.passwords[0]!,
    enableReadyCheck: false,
  });
  await expect(theirs.hset('told:1:h', 'a', '1')).resolves.toBe(1);
  await expect(theirs.hset('other:1:h', 'a', '1')).rejects.toThrow('NOPERM');
  theirs.disconnect();
  await expect(own.stop()).rejects.toThrow(
    /denied:\ncount 1 reason key .* object other:1:h username rw-of-told/,
  );
});
