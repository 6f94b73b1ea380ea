import { describe, expect, it } from 'vitest';
import type { HostPort } from '../../../contract/host-port.ts';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { parseHostRule } from '../network/redis-hosts.ts';
import { resolved } from '../network/redis-servers.ts';
import type { UserManagement } from '../../redis/user-management.ts';
import type { RedisAccess } from '../model/observed.ts';
import type { World } from '../world.ts';
import { endpointOf, namedServers, observeAccess } from './redis-access.ts';
import { targetAt } from '../../../test/support/redis-target.ts';

const defaults = {
  redisUrl: 'redis://127.0.0.1:6379/0',
  image: 'worker:test',
  policyEnforcement: 'Unverified',
  canary: undefined,
  login: { password: 'of the operator' },
} as const;

/** A member of the default Redis. */
const following = { redisMembers: { ofDefault: () => [{ host: '192.0.2.9', port: 7001 }] } };
type Granted = { readonly value: RedisAccess };

/** How a worker gets to its Redis; nothing but the defaults is looked at. */
function access(
  spec: Record<string, unknown>,
  more: Partial<World['defaults']> = {},
  members: HostPort[] = [],
  management?: UserManagement,
) {
  const around = { ...defaults, podNetwork: 'Own' as const, redisHosts: { allowed: [] }, ...more };
  const { blueprint, topology } = observed(worker('w', withSpec(spec)), { defaults: around }).spec!;
  const endpoint = endpointOf(blueprint, resolved([...namedServers(blueprint.redisUrl), ...members], () => []));
  const looking = {
    blueprint,
    endpoint,
    topology,
    referred: [],
    object: worker('w'),
    runtimeSecret: undefined,
    foreignKeys: [],
  };
  const world = {
    defaults: around,
    following,
    redis: { control: () => undefined },
    workerUsers: { management: () => Promise.resolve(management) },
    clock: { now: () => 0 },
    freshPassword: () => 'fresh',
  };
  return observeAccess(world as unknown as World, looking);
}

describe('a Redis an author has named', () => {
  it('is not dialled on the loopback of the operator', async () => {
    expect(await access({ redis: { url: 'redis://127.0.0.1:8080' } })).toMatchObject({
      ok: false,
      problem: { reason: 'RedisOnLoopback', terminal: true },
    });
  });

  it('is not dialled when it is the one of the operator by another spelling', async () => {
    const shared = { podNetwork: 'Shared' as const };
    for (const url of ['redis://127.0.0.1:6379/3', 'rediss://[::ffff:127.0.0.1]', 'redis://192.0.2.9:7001']) {
      expect(await access({ redis: { url } }, shared)).toMatchObject({
        ok: false,
        problem: { reason: 'RedisHostRefused', terminal: true },
      });
    }
  });

  it('is dialled with its own login alone, and held to what is open', async () => {
    expect(await access({ redis: { url: 'redis://192.0.2.1' } })).toEqual({
      ok: true,
      value: {
        target: targetAt({ host: '192.0.2.1' }, {
          foreign: {
            closed: expect.arrayContaining(['169.254.0.0/16', '127.0.0.0/8']),
            guarded: [{ host: '127.0.0.1', port: 6379 }, { host: '192.0.2.9', port: 7001 }],
          },
        }),
        login: { kind: 'author' },
      },
    });
  });

  it('is dialled with none of its servers when one of them is refused, which is named', async () => {
    const url = 'redis://10.1.0.1';
    const allowed = [parseHostRule('10.1.0.0/16')!];
    const refused = (member: HostPort) => access({ redis: { url } }, { redisHosts: { allowed } }, [member]);
    expect(await refused({ host: '10.1.0.2', port: 6379 })).toMatchObject({ ok: true });
    expect(await refused({ host: '10.2.0.1', port: 7000 })).toMatchObject({
      ok: false,
      problem: {
        reason: 'RedisHostRefused',
        message: expect.stringMatching(/^spec\.redis: its member 10\.2\.0\.1:7000 names a host the admin/),
      },
    });
    expect(await refused({ host: '127.0.0.1', port: 7000 })).toMatchObject({
      problem: {
        reason: 'RedisOnLoopback',
        message: expect.stringMatching(
          /^spec\.redis: its member 127\.0\.0\.1:7000 leads to 127\.0\.0\.1, which in a pod/,
        ),
      },
    });
  });

  it('is dialled wherever it is where there is no admin, and is a stranger all the same', async () => {
    expect(await access({ redis: { url: 'redis://127.0.0.1' } }, { podNetwork: 'Shared', redisHosts: undefined }))
      .toMatchObject({ ok: true, value: { target: { foreign: { closed: [] } } } });
  });
});

describe("the operator's own Redis", () => {
  it('is no stranger, and its pods log in as users of their own', async () => {
    const { value } = (await access({}, {}, [], { kind: 'managed', unknown: new Set(['hsetex']) })) as Granted;
    expect(value.target).toEqual(targetAt({}, { password: 'of the operator' }));
    expect(value.login).toMatchObject({ kind: 'own', username: 'rw-uid-1', password: 'fresh' });
    expect(JSON.stringify(value.login)).not.toMatch(/hsetex|of the operator/);
  });

  it('is shown by its pods the certificate of workers, and not the one the operator shows', async () => {
    const ofOperator = { cert: 'cert of the operator', key: 'key of the operator' };
    const login = { password: 'of the operator', tls: { ca: 'ca', client: ofOperator, serverName: 'cache' } };
    const managed: UserManagement = { kind: 'managed', unknown: new Set() };
    const given = async (workerIdentity?: { cert: string; key: string }) =>
      ((await access({}, { login, ...(workerIdentity ? { workerIdentity } : {}) }, [], managed)) as Granted).value;
    expect((await given()).login.tls).toEqual({ ca: 'ca', serverName: 'cache' });
    const { target, login: own } = await given({ cert: 'cert of workers', key: 'key of workers' });
    expect(own.tls?.client).toEqual({ cert: 'cert of workers', key: 'key of workers' });
    expect(target.tls?.client).toBe(ofOperator);
  });

  it('is shared by workers of listed namespaces alone, where it gives them no users', async () => {
    const shared: UserManagement = { kind: 'shared', why: 'knows no users', fix: 'use Redis 7 or newer, or Valkey' };
    for (const defaultRedisNamespaces of ['All', ['default']] as const) {
      const { value } = (await access({}, { defaultRedisNamespaces }, [], shared)) as Granted;
      expect(value.login).toEqual({ kind: 'shared', why: 'knows no users', password: 'of the operator' });
    }
    expect(await access({}, { defaultRedisNamespaces: ['other'] }, [], shared)).toMatchObject({
      ok: false,
      problem: { reason: 'NoRedis', terminal: true },
    });
  });
});
