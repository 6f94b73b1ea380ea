import { describe, expect, onTestFinished, test } from 'vitest';
import { formatHostPort, type HostPort } from '../../../contract/host-port.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { worker } from '../../../test/support/gen.ts';
import { noCopy, observed } from '../../../test/support/observed.ts';
import { targetAt } from '../../../test/support/redis-target.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { RedisFault } from '../../redis/fault.ts';
import { OutsideNames } from '../follow/outside-names.ts';
import { RedisMembers } from '../follow/redis-members.ts';
import { annotations } from '../model/names.ts';
import { parseHostRule } from '../network/redis-hosts.ts';
import type { World } from '../world.ts';
import { observeRedisPlace, type RedisPlace } from './redis-place.ts';

const url = 'redis+cluster://10.1.0.1:7000';
const fault = new RedisFault('RedisUnreachable', 'down', targetAt({}), 'closed');
const servers = (...texts: string[]): HostPort[] =>
  texts.map((text) => ({ host: text.replace(/:\d+$/, ''), port: Number(/\d+$/.exec(text)?.[0]) }));

/** A worker of the default Redis, unless it names one, and a Redis that names these members. */
function setUp(named: () => HostPort[], redisUrl = url) {
  const clock = new ManualClock();
  const enqueue = () => undefined;
  const lookUp = () =>
    Promise.resolve({ ipv4: { kind: 'none', why: 'NODATA' }, ipv6: { kind: 'none', why: 'NODATA' } } as const);
  const redisMembers = new RedisMembers({
    clock,
    enqueue,
    defaultRedis: () => undefined,
    discover: async () => await Promise.resolve(named()),
  });
  const outsideNames = new OutsideNames({ clock, enqueue, lookUp });
  onTestFinished(() => {
    redisMembers.close();
    outsideNames.close();
  });
  const defaults = {
    redisUrl,
    image: 'worker:test',
    policyEnforcement: 'Unverified',
    canary: undefined,
    podNetwork: 'Own',
    redisHosts: { allowed: [parseHostRule('10.1.0.0/16')!] },
    login: { password: 'p' },
  } as const;
  const world = {
    defaults,
    clock,
    redis: { control: () => undefined },
    workerUsers: { management: () => Promise.resolve({ kind: 'managed', unknown: new Set() }) },
    freshPassword: () => 'fresh',
    following: { copies: { services: noCopy }, redisMembers, outsideNames },
  } as unknown as World;
  return ({ own, policies = [] }: { own?: string; policies?: KubeObject[] } = {}): Promise<RedisPlace> => {
    const { blueprint } = observed(worker('w'), { defaults }).spec!;
    const redis = own === undefined ? {} : { redis: { url: own }, redisUrl: own };
    return observeRedisPlace(world, {
      key: 'default/w',
      blueprint: { ...blueprint, ...redis },
      referred: [],
      policies,
      object: worker('w'),
      runtimeSecret: undefined,
      foreignKeys: [],
    });
  };
}

const textOf = ({ endpoint }: RedisPlace) =>
  endpoint.ok ? endpoint.value.servers.map(formatHostPort).join(' ') : endpoint.problem.reason;
const policyWith = (members: string | undefined): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'w-1', annotations: { [annotations.members]: members ?? '' } },
});

describe('the Redis of a worker', () => {
  test('is all it is named by and all it is made of, in one order', async () => {
    const place = await setUp(() => servers('10.1.0.3:7000', '10.1.0.2:7000', '10.1.0.1:7000'))();
    expect(textOf(place)).toBe('10.1.0.1:7000 10.1.0.2:7000 10.1.0.3:7000');
    expect(place).toMatchObject({ access: { ok: true }, asks: { password: 'p' } });
    expect(place.members).toBe(
      `{"redis":"${url}","members":["10.1.0.1:7000","10.1.0.2:7000","10.1.0.3:7000"]}`,
    );
  });

  test('is opened by nobody before its members are known, and can be asked all the same', async () => {
    const place = await setUp(() => {
      throw fault;
    })();
    expect(place).toMatchObject({
      endpoint: {
        ok: false,
        problem: { reason: 'RedisUnreachable', message: expect.stringContaining('down'), terminal: false },
      },
      access: { ok: true },
    });
  });

  test('is what the policy remembers while it does not answer', async () => {
    const remembered = (await setUp(() => servers('10.1.0.2:7000'))()).members;
    const look = setUp(() => {
      throw fault;
    });
    expect(textOf(await look({ policies: [policyWith(remembered)] }))).toBe('10.1.0.1:7000 10.1.0.2:7000');
  });

  test('of an author is held to what the admin allows, and a member that is refused is opened for nobody', async () => {
    let members = servers('10.1.0.2:7000', '10.2.0.1:7000');
    const look = setUp(() => members, 'redis://10.1.9.9:6379');
    const place = await look({ own: url });
    expect(textOf(place)).toBe('10.1.0.1:7000 10.1.0.2:7000');
    expect(place).toMatchObject({
      access: {
        ok: false,
        problem: {
          reason: 'RedisHostRefused',
          terminal: true,
          message: expect.stringMatching(/^spec\.redis: its member 10\.2\.0\.1:7000 names a host the admin/),
        },
      },
      asks: { foreign: { open: ['10.1.0.0/16'] } },
    });
    members = servers('127.0.0.1:7000');
    expect(await setUp(() => members, 'redis://10.1.9.9:6379')({ own: url })).toMatchObject({
      access: {
        problem: { message: expect.stringContaining('127.0.0.1:7000 leads to 127.0.0.1, which is a loopback') },
      },
    });
  });

  test('of an author is not the default Redis by one of its members', async () => {
    const look = setUp(() => servers('10.1.0.2:6379', '10.1.9.9:6379'), 'redis://10.1.9.9:6379');
    expect(await look({ own: url })).toMatchObject({
      access: {
        problem: { message: expect.stringContaining("its member 10.1.9.9:6379 leads to the operator's own Redis") },
      },
    });
  });

  test('that is one server has no members and asks nobody', async () => {
    const place = await setUp(() => servers('10.1.0.9:7000'), 'redis://10.1.0.1:7000')();
    expect([textOf(place), place.members, place.asks]).toEqual(['10.1.0.1:7000', undefined, undefined]);
  });
});
