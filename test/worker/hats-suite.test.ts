/**
 * What workers of the older kind do with scripts people have, as it was recorded from them; and where they do what nobody
 * wants, what ours do in its place. The environments of their tools are written anew here.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHats, type TestHats, writeJob, writeThread } from '../support/hats.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const patience = 60_000;
const cluster = 'suite';
let redis: TestRedis;
let worker: TestHats;

beforeAll(async () => {
  redis = await startRedis();
  worker = await startHats({ on: redis, type: cluster });
});
afterAll(async () => {
  await worker.stop();
  await redis.stop();
});

const thread = (name: string, source: string, more = {}) => writeThread(redis, cluster, name, source, more);
const job = (name: string, Source: string, more = {}) =>
  writeJob(redis, cluster, name, { Cron: '@every 1s', Source, ...more });
const read = (key: string) => redis.client.get(`${cluster}:${key}`);
const state = (key: string) => redis.client.hmget(key, 'State', 'Status');
const becomes = (key: string, ...wanted: string[]) =>
  eventually(`${key} is ${wanted.join(' and ')}`, async () => {
    const found = await state(key);
    return wanted.every((word) => found.includes(word));
  }, patience);
const counted = (key: string, least: number) =>
  eventually(`${key} is ${least}`, async () => Number(await read(key)) >= least, patience);

test('the chat of two threads over queues answers, and a fault of its script crashes it with its line', async () => {
  const answer = `
    var patterns = [[/hello (.*)/, 'HELLO'], [/bye/, 'GOOD BYE']];
    function main() {
      var request = redis.Blpop(1, 'suite:ChatRequests');
      if (!request) return;
      var chat = JSON.parse(request);
      for (var i = 0; i < patterns.length; i++) {
        var found = chat.text.match(patterns[i][0]);
        if (found) return redis.Do('RPUSH', chat.reply, patterns[i][1] + ' ' + found[1].trim());
      }
      redis.Do('RPUSH', 'suite:DefaultRequests', request);
    }`;
  const fallback = `
    function main() {
      var request = redis.Blpop(1, 'suite:DefaultRequests');
      if (request) redis.Do('RPUSH', JSON.parse(request).reply, 'Response: GO ON');
    }`;
  const eliza = await thread('eliza.js', answer);
  await thread('default-response.js', fallback);
  const say = async (text: string) => {
    await redis.client.rpush('suite:ChatRequests', JSON.stringify({ text, reply: `suite:reply:${text}` }));
  };
  const heard = (text: string) => eventually(text, () => redis.client.lpop(`suite:reply:${text}`), patience);
  await say('zzz');
  expect(await heard('zzz')).toBe('Response: GO ON');
  await say('hello there');
  expect(await heard('hello there')).toBe('HELLO there');
  // A pattern without a group: a bug of the script.
  await say('bye');
  await becomes(eliza, 'crashed', 'disabled');
  expect(await redis.client.hmget(eliza, 'Error', 'ErrorAt')).toEqual([
    expect.stringMatching(/^TypeError: Cannot read properties of undefined \(reading 'trim'\)/),
    '9:89',
  ]);
});

test('a thread may lack Status, Hang and DeadSeconds, and have a DeadSeconds that is no number', async () => {
  const count = (name: string) => `function main() { redis.Do('INCR', 'suite:${name}'); }`;
  await redis.client.hset('suite:Threads:bare', { Source: count('bare'), State: 'stopped' });
  await thread('odd', count('odd'), { DeadSeconds: 'soon', Hang: 'x' });
  await counted('bare', 2);
  await counted('odd', 2);
});

test('a thread that stops itself cleans up and is taken again; one that disables itself is not', async () => {
  const clean = (name: string, how: string) => `
    redis.Do('INCR', 'suite:${name}:begun');
    function main() { ${how} }
    function cleanup() { redis.Do('INCR', 'suite:${name}:clean'); }`;
  await thread('stops', clean('stops', 'thread.Stop();'));
  const disables = await thread('disables', clean('disables', 'thread.Disable();'));
  await counted('stops:begun', 2);
  await counted('stops:clean', 1);
  await becomes(disables, 'stopped', 'disabled');
  expect([await read('disables:begun'), await read('disables:clean')]).toEqual(['1', '1']);
});

test('what cleanup() throws is logged, and the thread has stopped well', async () => {
  const key = await thread('untidy', `function cleanup() { throw new Error('no broom'); }`);
  await becomes(key, 'running');
  await redis.client.hset(key, 'Status', 'disabled');
  await becomes(key, 'stopped', 'disabled');
  await eventually('it is logged', () => worker.output().includes('cleanup() failed: Error: no broom'), patience);
  expect(await redis.client.hget(key, 'Error')).toBe('');
});

test('a thread is deleted while it runs, and no stub of it comes back', async () => {
  const key = await thread('purged', `function main() { redis.Do('INCR', 'suite:purged'); }`);
  await counted('purged', 1);
  await redis.client.del(key);
  const left = (line: string) => line.includes('thread left') && line.includes('"purged"');
  await eventually('it ended', () => worker.output().split('\n').some(left), patience);
  const before = await read('purged');
  await thread('other', `function main() { redis.Do('INCR', 'suite:other'); }`);
  await counted('other', 20);
  expect(await redis.client.exists(key)).toBe(0);
  expect(await read('purged')).toBe(before);
});

test('a job that crashed runs again once it is enabled, and its owner is nobody', async () => {
  const key = await job(
    'fails',
    `redis.Do('INCR', 'suite:fails'); if (!redis.Do('GET', 'suite:mended')) throw 'over';`,
  );
  await becomes(key, 'crashed', 'disabled');
  expect(await redis.client.hmget(key, 'Error', 'Owner')).toEqual(['over', '']);
  await redis.client.set('suite:mended', 'yes');
  await redis.client.hset(key, 'Status', 'enabled');
  await counted('fails', 3);
});

test('a job that is disabled is not run once more, and five fields begin with the second', async () => {
  const key = await job('five', `redis.Do('INCR', 'suite:five')`, { Cron: '*/1 * * * *' });
  await counted('five', 2);
  await redis.client.hset(key, 'Status', 'disabled');
  await job('clock', `redis.Do('INCR', 'suite:clock')`);
  await counted('clock', 1); // a run that was under way has ended by then
  const runs = await read('five');
  await counted('clock', 3);
  expect(await read('five')).toBe(runs);
});

test('jobs that cannot run do so silently: without a source, and by a schedule that is none', async () => {
  const empty = await job('empty', '');
  const never = await job('never', `redis.Do('INCR', 'suite:never')`, { Cron: 'now and then' });
  await job('metronome', `redis.Do('INCR', 'suite:metronome')`);
  await counted('metronome', 2);
  expect([await state(empty), await state(never)]).toEqual([['stopped', 'enabled'], ['stopped', 'enabled']]);
  expect(await read('never')).toBeNull();
});

test('a worker that is disabled lets its threads go and takes none until it is enabled', async () => {
  const key = await thread('settled', `function main() {}`);
  await becomes(key, 'running');
  const me = `${cluster}:workers:${worker.name}`;
  await redis.client.hset(me, 'Status', 'disabled');
  await becomes(key, 'stopped', 'enabled');
  await redis.client.hset(me, 'Status', 'enabled');
  await becomes(key, 'running');
});
