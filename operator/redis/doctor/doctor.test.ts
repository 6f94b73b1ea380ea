import { expect, test } from 'vitest';
import type { Answers } from './ask.ts';
import { factsOf, infoFields } from './facts.ts';
import type { Check, Finding, Verdict } from './finding.ts';
import { judge } from './judge.ts';
import { merged } from './merge.ts';
import { mayAsk, type Question } from './own-rules.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-06-01T00:00:00Z');

/** What is told of a server that answers so. */
function told(
  { info = '', config = {}, ...more }: Partial<Omit<Answers, 'info' | 'config'>> & {
    readonly info?: string;
    readonly config?: Readonly<Record<string, string>>;
  },
  check: Check,
  topology: 'Standalone' | 'Cluster' | 'Sentinel' = 'Standalone',
): string {
  const answers: Answers = {
    cluster: undefined,
    user: 'default',
    defaultIsOpen: undefined,
    denied: [],
    tls: undefined,
    address: '10.0.0.1',
    roundTripMs: 1,
    clockAheadMs: 0,
    ...more,
    info: infoFields(info),
    config: new Map(Object.entries(config)),
  };
  const findings = judge({ facts: factsOf(answers), answers, now, isForeign: false, topology }, []);
  return findings.filter((one) => one.check === check).map(({ verdict, message }) => `${verdict}: ${message}`).join(
    '; ',
  );
}

test.each<[info: string, verdict: string]>([
  ['redis_version:6.2.7\r\n', 'problem: is Redis 6.2.7, and workers need 7.0: upgrade it'],
  ['redis_version:7.0.15\r\n', 'ok: is Redis 7.0.15'],
  ['redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n', 'ok: is Valkey 8.0.1'],
  [
    'redis_version:7.4.0\r\ndragonfly_version:df-v1.23.1\r\n',
    'warning: is Dragonfly 1.23.1, on which nobody tries workers',
  ],
  ['redis_version:6.3.4\r\nserver_threads:2\r\n', 'warning: is KeyDB 6.3.4'],
  ['redis_version:7.2.4\r\ngarnet_version:1.0.7\r\n', 'warning: is Garnet 1.0.7'],
  ['<html>\r\n', ''],
])('of %j the product is told: %s', (info, finding) => {
  expect(told({ info }, 'RedisVersion')).toContain(finding);
  if (finding === '') expect(told({ info }, 'RedisVersion')).toBe('');
});

test('what lets in everybody is a problem unless only its own machine reaches it', () => {
  const open = { defaultIsOpen: true };
  const everybody = 'problem: lets in everybody who reaches it without a password';
  const machine = 'warning: lets in everybody on its own machine without a password';
  expect(told({ ...open, config: { 'bind': '* -::*', 'protected-mode': 'no' } }, 'RedisDefaultUser')).toContain(
    everybody,
  );
  expect(told({ ...open, config: { 'bind': '* -::*', 'protected-mode': 'yes' } }, 'RedisDefaultUser')).toContain(
    machine,
  );
  expect(told({ ...open, config: { 'bind': '127.0.0.1 -::1', 'protected-mode': 'no' } }, 'RedisDefaultUser')).toContain(
    machine,
  );
  expect(told(open, 'RedisDefaultUser')).toContain(everybody);
  expect(told({ ...open, address: '127.0.0.1' }, 'RedisDefaultUser')).toContain(machine);
  expect(told({ defaultIsOpen: false }, 'RedisDefaultUser')).toBe('ok: lets nobody in without a password');
  expect(told({}, 'RedisDefaultUser')).toBe('');
});

test('a way without TLS is told, with the port that has it, and a certificate before it ends', () => {
  const shown = (days: number): string =>
    told({ tls: { protocol: 'TLSv1.3', name: 'cache.test', validTo: now + days * dayMs } }, 'RedisTLS');
  expect(told({ config: { 'tls-port': '6380' } }, 'RedisTLS')).toContain(
    'warning: is spoken to without TLS, so whoever is on the way reads its password and every request: name it by rediss://, on port 6380',
  );
  expect(told({ address: '::ffff:127.0.0.1' }, 'RedisTLS')).toContain('ok: speaks no TLS');
  expect(shown(13)).toBe(
    'warning: shows a certificate for "cache.test" that ends in 13 days, on 2026-06-14: replace it, or nothing connects any more',
  );
  expect(shown(15)).toBe('ok: speaks TLSv1.3 and shows a certificate for "cache.test" that is valid until 2026-06-16');
});

test('how its servers hang together is told against how it is named', () => {
  const cluster = { info: 'redis_mode:cluster\nrole:master\n', cluster: infoFields('cluster_state:ok\r\n') };
  expect(told(cluster, 'RedisTopology', 'Cluster')).toContain('ok: is a Cluster');
  expect(told(cluster, 'RedisTopology')).toContain('problem: is part of a Cluster: name it as one');
  const alone = { info: 'redis_mode:standalone\nrole:master\n' };
  expect(told(alone, 'RedisTopology', 'Cluster')).toContain('problem: is no Cluster');
  expect(told(alone, 'RedisTopology', 'Sentinel')).toBe('ok: is the primary its Sentinels name');
});

test('a long way is told, and a disk that cannot be written', () => {
  expect(told({ roundTripMs: 80 }, 'RedisLatency')).toContain('warning: answers within 80 ms');
  expect(told({ info: 'aof_last_write_status:err\n', config: { appendonly: 'yes' } }, 'RedisPersistence')).toContain(
    'problem: could not write to its disk the last time',
  );
  expect(told({ info: 'maxmemory:100\nused_memory:95\n' }, 'RedisMemory')).toContain(
    'problem: uses 95 % of its maxmemory',
  );
});

test('the masters of a Cluster are told as one, with those that differ', () => {
  const memory = (verdict: Verdict): Finding => ({ check: 'RedisMemory', verdict, message: `is ${verdict}` });
  const master = (server: string | undefined, verdict: Verdict) => ({ server, findings: [memory(verdict)] });
  const messages = (...servers: ReturnType<typeof master>[]) => merged(servers).map(({ message }) => message);
  expect(messages(master('a:1', 'ok'), master('b:1', 'problem'), master('c:1', 'warning'))).toEqual([
    'is problem (at b:1)',
  ]);
  expect(messages(master('a:1', 'warning'), master('b:1', 'warning'))).toEqual(['is warning']);
  expect(messages(master(undefined, 'ok'), master(undefined, 'problem'))).toEqual(['is problem']);
});

test.each<[rules: string | undefined, question: Question, may: boolean]>([
  [undefined, 'info', true],
  ['+@all', 'info', true],
  ['+@all -info', 'info', false],
  ['-@all +info', 'info', true],
  ['-@all +acl|getuser', 'acl|getuser', true],
  ['-@all +acl|getuser', 'acl|dryrun', false],
  ['-@all +acl', 'acl|dryrun', true],
  ['+@all -@dangerous', 'config|get', false],
  ['+@all -@dangerous +config|get', 'config|get', true],
  ['-@all +@transaction', 'multi', true],
  ['', 'time', false],
])('with the rules %j the question %s is asked: %s', (rules, question, may) => {
  expect(mayAsk(rules, question)).toBe(may);
});
