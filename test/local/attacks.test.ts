/** Code of an author that wants more than is its: real pods, a real operator, a Redis that asks for a password. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { operatorUser } from '../../operator/redis/operator-rights.ts';
import { parseHostRule } from '../../operator/redisworker/network/redis-hosts.ts';
import { forbiddenCommands, forbiddenScripts, guesses, intruder, thief } from '../support/attacks.ts';
import { forgetDenials, operatorName } from '../support/denials.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const password = 'canary-4be1-of-the-operator';
let redis: TestRedis;
let operator: TestOperator;

beforeAll(async () => {
  redis = await startRedis(['--requirepass', password], { password });
  await redis.addUser(operatorUser(operatorName, password));
  operator = await startTestOperator({
    redisUrl: redis.url,
    redisLogin: { username: operatorName, password },
    defaultRedisNamespaces: [],
    redisHosts: { allowed: [parseHostRule('127.0.0.0/8')!, parseHostRule('::1')!, parseHostRule('localhost')!] },
  });
  await apply('victim', { source: { inline: 'export default ({ data }) => data' } });
  await operator.told('victim', 'Ready', 'True');
  await redis.client.lpush('res:secret', 'of a caller');
  await redis.client.hset('req:secret:h', 'data', 'of a caller');
});
afterAll(async () => {
  await operator.stop();
  await forgetDenials(redis.client);
  await redis.stop();
});

const ref = (name: string) => ({ namespace: 'default', name });
const apply = (name: string, spec: object): Promise<KubeObject> =>
  operator.cluster.apply(worker(name, withSpec({ ...spec })), 'user');

/** Login of a worker, from where nobody but its pod reads it. */
async function loginOf(name: string): Promise<{ username: string; password: string }> {
  const found = await operator.cluster.get(resources.redisWorkers, ref(name));
  const secret = await operator.cluster.get(resources.secrets, ref(`${name}-worker`));
  const { 'redis-password': base64 = '' } = (secret?.data ?? {}) as Record<string, string>;
  return { username: `rw-${found?.metadata.uid}`, password: Buffer.from(base64, 'base64').toString() };
}

/** What the others have is as it was, and answers. */
async function expectUnharmed(): Promise<void> {
  expect(await redis.client.lrange('res:secret', 0, -1)).toEqual(['of a caller']);
  expect(await redis.client.hgetall('req:secret:h')).toEqual({ data: 'of a caller' });
  expect((await ask(redis.client, 'victim', 'still here')).data).toBe('still here');
}

const noRights =
  /NOPERM|ACL failure in script|can't run this command|No permissions|can't access at least one of the keys|not allowed from script/i;

test('a handler that keeps what passes by, and looks in its settings, its memory and /proc, never finds the password of the operator', async () => {
  const module = thief.replace('PORT', String(redis.port)).replace('OPERATOR', String(process.pid));
  await apply('attacker', { source: { inline: module } });
  await operator.told('attacker', 'Ready', 'True');
  const { username, password: own } = await loginOf('attacker');
  await ask(redis.client, 'attacker', 1);
  await redis.client.client('KILL', 'USER', username); // so that it logs in under the eyes of the thief
  const { data } = await ask(redis.client, 'attacker', 2);
  const { told, patched, seen } = data as { told: Record<string, unknown>; patched: string[]; seen: string[] };
  expect(patched.length).toBeGreaterThan(5);
  expect(seen.length).toBeGreaterThan(0);
  expect(JSON.stringify(data)).not.toContain(password);
  expect(JSON.stringify(told)).not.toContain(own);
  const open = Object.entries(told).filter(([, found]) => !isRefusal(found));
  expect(Object.fromEntries(open)).toEqual({ env: {}, nodeEnv: {} });
});

function isRefusal(found: unknown): boolean {
  return typeof found === 'object' && found !== null && 'refused' in found;
}

test('whoever has the password of a worker has the rights of that worker and no more', async () => {
  const login = await loginOf('attacker');
  const theirs = redis.client.duplicate({ ...login, enableReadyCheck: false });
  const answer = ([name = '', ...args]: readonly string[]) =>
    theirs.call(name, ...args).then((reply) => `allowed: ${JSON.stringify(reply)}`, (error: unknown) => String(error));
  for (const attack of [...forbiddenCommands, ...forbiddenScripts]) {
    expect([attack, await answer(attack)]).toEqual([attack, expect.stringMatching(noRights)]);
  }
  for (const guess of guesses) {
    expect([guess, await answer(guess)]).toEqual([guess, expect.stringMatching(/WRONGPASS/)]);
  }
  theirs.disconnect();
  await expectUnharmed();
});

test('a program gets no further through the door it is given, and is nobody after it has left its login', async () => {
  const attacks = [...forbiddenCommands, ...forbiddenScripts, ...guesses];
  await apply('intruder', { runtime: 'Script', source: { inline: intruder(attacks) } });
  const output = await eventually(
    'it has tried everything',
    () => operator.output().includes('ATTACKS OVER') && operator.output(),
    45_000,
  );
  const answers = [...output.matchAll(/ATTACK (\[.*\])/g)].map(([, json = '']) => JSON.parse(json) as string[]);
  expect(answers).toHaveLength(attacks.length);
  expect(
    answers.filter(([, answer = '']) => !/^-.*/.test(answer) || !(noRights.test(answer) || /WRONGPASS/.test(answer))),
  )
    .toEqual([]);
  expect(output).toMatch(/AFTER RESET -NOAUTH/);
  expect(output).not.toContain(password);
  await expectUnharmed();
});

test.each(
  [
    ['127.0.0.1', 'Stalled', 'True', "leads to the operator's own Redis"],
    ['[::ffff:127.0.0.1]', 'Stalled', 'True', "leads to the operator's own Redis"],
    ['[::ffff:7f00:1]', 'Stalled', 'True', "leads to the operator's own Redis"],
    ['localhost', 'Ready', 'False', 'has an address that this operator does not dial for a worker'],
    ['127.1', 'Stalled', 'True', 'its host must be a name, an IPv4 address or an IPv6 address in brackets'],
    ['2130706433', 'Stalled', 'True', 'its host must be a name, an IPv4 address or an IPv6 address in brackets'],
    ['0x7f.0.0.1', 'Stalled', 'True', 'its host must be a name, an IPv4 address or an IPv6 address in brackets'],
  ] as const,
)(
  "a manifest that names the operator's Redis as %s gets no pod and no login there",
  async (host, type, status, why) => {
    const name = `as-${host.replace(/\W+/g, '-').replace(/^-|-$/g, '')}-x`;
    await apply(name, { redis: { url: `redis://${host}:${redis.port}` } });
    expect(await operator.told(name, type, status, type === 'Ready' ? 'RedisHostRefused' : undefined)).toContain(why);
    expect(await operator.pods(name)).toEqual([]);
  },
);
