/** What the docs say that workers may do is what a real server lets their users do, for every command it knows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  configHashKey,
  groupRecordKey,
  replyListKey,
  requestStreamKey,
  retryScheduleKey,
  traceHashKey,
} from '../../contract/keys.ts';
import type { RedisAddress } from '../../contract/redis-address.ts';
import { rulesOf } from '../../operator/redis/acl.ts';
import { channelCommands, ordinaryCommands } from '../../operator/redis/ordinary-commands.ts';
import { examiningCommands, operatorUser } from '../../operator/redis/operator-rights.ts';
import { parseRedisWorker } from '../../operator/api/redisworker.ts';
import { redisUser } from '../../operator/redisworker/desired/redis-user.ts';
import type { Blueprint } from '../../operator/redisworker/model/blueprint.ts';
import type { StreamBlueprint } from '../../operator/redisworker/work/stream/blueprint.ts';
import { accessTable, type AccessWords, isInTable } from '../support/access-table.ts';
import { callWith, commandsOf, type ServerCommand } from '../support/command-arguments.ts';
import { withSpec, worker } from '../support/gen.ts';
import { observed } from '../support/observed.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let client: Redis;
let commands: readonly ServerCommand[];
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
  commands = await commandsOf(client);
});
afterAll(() => redis.stop());

/** Names with what globs, rules and arguments are made of. */
const oddKey = fc.string({
  unit: fc.constantFrom(...Array.from('ab:*?[]^-\\{}()~%&+"\'')),
  minLength: 1,
  maxLength: 12,
});
const typeName = fc.stringMatching(/^[a-z][-a-z0-9_]{0,8}$/);
const workers = fc.record({
  type: typeName,
  runtime: fc.constantFrom('Handler', 'Script'),
  stream: fc.record({ request: oddKey, response: oddKey, group: oddKey }, { requiredKeys: [] }),
  handler: fc.record({ deadLetter: oddKey }, { requiredKeys: [] }),
  address: fc.constantFrom<Pick<RedisAddress, 'db' | 'topology'>>(
    { db: 0, topology: { kind: 'Standalone' } },
    { db: 1, topology: { kind: 'Standalone' } },
    { db: 0, topology: { kind: 'Sentinel', masterName: 'm' } },
    { db: 0, topology: { kind: 'Cluster' } },
  ),
}).map(({ address, ...spec }) => ({ address, object: worker('w', withSpec(spec)) })).filter(({ object }) =>
  parseRedisWorker({ ...object, metadata: { ...object.metadata, uid: 'u' } }).ok
);

test('a random worker may do with any command and key what the table of its runtime says, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(workers, async ({ object, address }) => {
      const { blueprint } = observed(object).spec!;
      const user = redisUser(blueprint, {
        passwords: ['x'],
        address,
        withheld: [],
      });
      await redis.addUser(user);
      const words = wordsOf(blueprint);
      const rows = accessTable(blueprint.runtime);
      const keySets = keySetsOf(words);
      const calls = commands.flatMap((command) => keySets.map((keys) => ({ command, call: callWith(command, keys) })));
      const [allowed, keys] = await Promise.all([
        dryRun(user.name, calls.map(({ call }) => call)),
        keysOf(calls.map(({ call }) => call)),
      ]);
      const wrong = calls.filter(({ command }, at) =>
        allowed[at] !== isInTable(rows, command.name, keys[at]!, words, address)
      );
      expect(wrong.map(({ call }) => call.join(' '))).toEqual([]);
    }),
    { numRuns: 6 },
  );
});

test('the table of each runtime names no command that no server of ours knows', () => {
  const unknown = ['Handler', 'Script'].flatMap(accessTable).flatMap((row) => [...row.commands]).filter((name) =>
    !commands.some((command) => command.name === name)
  );
  const newer = ['client|setinfo', 'hexpire', 'hsetex'];
  expect(unknown.filter((name) => !newer.includes(name))).toEqual([]);
});

test("the docs name the rights of the operator's login in one line", async () => {
  const line = readFileSync(join(import.meta.dirname, '../../docs/redis.md'), 'utf8').match(/^ACL SETUSER (.*)$/m);
  const [name = '', ...rules] = line![1]!.split(' ');
  await client.call('ACL', 'SETUSER', name, ...rules);
  await client.call('ACL', 'SETUSER', 'from-data', ...rulesOf(operatorUser('from-data', 'PASSWORD')));
  expect(await client.acl('GETUSER', name)).toEqual(await client.acl('GETUSER', 'from-data'));
});

test('the docs name what may be done with the keys and channels a manifest opens', () => {
  const [keys, channels] = accessTable('What a manifest opens beside that');
  expect([keys?.commands, channels?.commands]).toEqual([new Set(ordinaryCommands), new Set(channelCommands)]);
});

test('with the keys and channels a manifest opens, a server allows that and no more', async () => {
  const opened = { keys: ['cache:*'], channels: ['news:*'] };
  const { blueprint } = observed(worker('w', withSpec({ redis: opened }))).spec!;
  const address = { db: 0, topology: { kind: 'Standalone' } } as const;
  const user = redisUser(blueprint, { passwords: ['x'], address, withheld: [] });
  await redis.addUser(user);
  const onNoKeys = new Set([...channelCommands, 'eval']);
  const known = commands.filter(({ name }) => !onNoKeys.has(name));
  const calls = (key: string) => known.map((command) => callWith(command, [key]));
  const allowedOn = async (key: string) => {
    const all = calls(key);
    const [allowed, keys] = await Promise.all([dryRun(user.name, all), keysOf(all)]);
    return known.filter((_, at) => allowed[at] && keys[at]!.length > 0).map(({ name }) => name);
  };
  const unknown = new Set(ordinaryCommands.filter((name) => !commands.some((command) => command.name === name)));
  expect((await allowedOn('cache:1')).sort()).toEqual(
    ordinaryCommands.filter((name) => !unknown.has(name)).sort(),
  );
  expect(await allowedOn('cach')).toEqual([]);
  const says = (...words: string[]) => client.call('ACL', 'DRYRUN', user.name, ...words);
  expect([await says('PUBLISH', 'news:1', 'x'), await says('PSUBSCRIBE', 'news:*')]).toEqual(['OK', 'OK']);
  expect([await says('PUBLISH', 'old', 'x'), await says('PSUBSCRIBE', '*')]).not.toContain('OK');
});

test('the docs name what the operator asks beside that', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/redis.md'), 'utf8');
  const [, listed = ''] = /it also asks `(.*?)`/.exec(docs) ?? [];
  expect(listed.split(' ')).toEqual(examiningCommands.map((command) => `+${command}`));
});

function wordsOf({ type, work }: Blueprint): AccessWords {
  const { request, responses, group, settings } = work as StreamBlueprint;
  const deadLetters = settings.deadLetterStream;
  return { type, group, 'request stream': request, 'response stream': responses, 'dead letters': deadLetters };
}

/** Keys of the worker, of others and of callers, alone and together, and none. */
function keySetsOf({ type, group, ...words }: AccessWords): string[][] {
  const [hash, request, response, dead] = [configHashKey(type, '1'), ...Object.values(words)] as [string, ...string[]];
  const [otherHash, otherRequest] = [configHashKey(`${type}-2`, '1'), requestStreamKey(`${type}-2`)];
  const [reply, trace] = [replyListKey('x'), traceHashKey('x')];
  const own = [hash, request!, response!, dead!, retryScheduleKey(type), groupRecordKey(request!, group)];
  const near = own.map((key) => key.replaceAll(/[*?\\[\]]/g, 'a')).filter((key, at) => key !== own[at]);
  const alone = [...own, ...near, otherHash, otherRequest, reply, trace, `${trace}:more`, 'a'];
  const together = [[hash, reply], [hash, reply, trace], [request!, response!], [hash, otherHash], [
    otherRequest,
    request!,
  ]];
  return [[], ...alone.map((key) => [key]), ...together];
}

/** What the server would let the user do. */
async function dryRun(user: string, calls: readonly string[][]): Promise<boolean[]> {
  const pipeline = client.pipeline();
  for (const call of calls) {
    const [name = '', ...rest] = call;
    pipeline.call('ACL', 'DRYRUN', user, name, ...rest);
  }
  return (await pipeline.exec())!.map(([error, reply]) => error === null && reply === 'OK');
}

/** The keys the server finds in each call. */
async function keysOf(calls: readonly string[][]): Promise<string[][]> {
  const pipeline = client.pipeline();
  for (const call of calls) pipeline.call('COMMAND', 'GETKEYS', ...call);
  return (await pipeline.exec())!.map(([error, reply]) => (error === null ? (reply as string[]) : []));
}
