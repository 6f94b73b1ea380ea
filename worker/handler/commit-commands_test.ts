import { CommitEncoder } from './commit-commands.ts';
import type { Held } from './in-flight.ts';
import type { Place } from './place.ts';
import { type Reply, ReplyParser } from '../redis/resp.ts';
import { assertEquals } from '../testing/assert.ts';
import { held, identity, place } from '../testing/held.ts';
import type { TraceExpiry } from './trace-expiry.ts';

const answer = { code: 200, json: '{"code":200}', told: '{"code":200}' };
const names = (commands: readonly (readonly unknown[])[]) => commands.map(([name, key]) => `${name} ${key}`);
/** A process that started in 1970. */
const since1970 = { now: () => 0, monotonic: () => 0 };
const encoderFor = (where: Place, expiry: TraceExpiry = 'EXPIRE') =>
  new CommitEncoder(where, identity, expiry, since1970);

/** The commands of a commit as Redis reads them. */
function commit(batch: readonly Held[], where: Place = place(), encoder = encoderFor(where)): string[][] {
  const commit = encoder.encode(batch);
  const parser = new ReplyParser();
  parser.push(commit.bytes);
  encoder.release(commit);
  const commands: Reply[] = [];
  for (let command = parser.next(); command !== undefined; command = parser.next()) commands.push(command);
  assertEquals(commands.length, commit.replyCount);
  return commands as string[][];
}

/** The commands between MULTI and XACK. */
function commandsFor(one: Held, where: Place, expiry?: TraceExpiry): string[][] {
  return commit([one], where, encoderFor(where, expiry)).slice(3, -3);
}

Deno.test('a finished request leaves reply, response and trace, each bounded', () => {
  const commands = commandsFor(held({ ref: 'r' }, { outcome: { answer } }), place());
  assertEquals(names(commands), [
    'LPUSH res:r',
    'EXPIRE res:r',
    'XADD demo-worker:res:x',
    'HSET req:r:h',
    'EXPIRE req:r:h',
  ]);
  assertEquals(commands[1], ['EXPIRE', 'res:r', '8']);
  assertEquals(commands[2], [
    'XADD',
    'demo-worker:res:x',
    'MAXLEN',
    '~',
    '10000',
    '*',
    'ref',
    'r',
    'type',
    'demo-worker',
    'xid',
    '5-1',
    'code',
    '200',
    'res',
    '{"code":200}',
    'consumer',
    '1',
    'ms',
    '12',
    'attempt',
    '1',
  ]);
  assertEquals(commands[3], [
    'HSET',
    'req:r:h',
    'demoWorkerTrace',
    '{"received":"1970-01-01T00:00:00.000Z","completed":"1970-01-01T00:00:01.012Z","res":{"code":200}}',
  ]);
});

Deno.test('the last answer of a commit trims the response stream for all of them', () => {
  const answering = (xid: string) => held({ ref: 'r' }, { outcome: { answer } }, xid);
  const commands = commit([answering('1-1'), answering('1-2')]);
  const responses = commands.filter(([name]) => name === 'XADD').map((command) => command.slice(1, 8));
  assertEquals(responses, [
    ['demo-worker:res:x', '*', 'ref', 'r', 'type', 'demo-worker', 'xid'],
    ['demo-worker:res:x', 'MAXLEN', '~', '10000', '*', 'ref', 'r'],
  ]);
});

Deno.test('without traces there is none', () => {
  const silent = place({ settings: { ...place().settings, traces: 'Off' } });
  assertEquals(commandsFor(held({ ref: 'r' }, { outcome: { answer } }), silent).length, 3);
});

/** Requests without one and with one that asks for a reply, one of them a failure. */
function batchOfThree(): Held[] {
  const failure = { code: 400, json: '{"code":400}', told: '{"code":400}' };
  return [
    held({ ref: 'a' }, { ref: 'a', outcome: { answer } }, '1-1'),
    held({ ref: 'b', reply: '1' }, { ref: 'b', outcome: { answer } }, '1-2'),
    held({ ref: 'c', reply: '0' }, { ref: 'c', outcome: { answer: failure } }, '1-3'),
  ];
}

const keeping = (kept: Partial<Place['settings']>) =>
  place({ settings: { ...place().settings, traces: 'Off', ...kept } });

Deno.test('replies go to those who ask for one, or to nobody, and only those keys have to be free', () => {
  const onRequest = commit(batchOfThree(), keeping({ replies: 'OnRequest' }));
  assertEquals(onRequest.slice(3, -3).map(([name, key]) => `${name} ${key}`), [
    'XADD demo-worker:res:x',
    'LPUSH res:b',
    'EXPIRE res:b',
    'XADD demo-worker:res:x',
    'XADD demo-worker:res:x',
  ]);
  assertEquals(onRequest[1]?.slice(2, 6), ['3', 'demo-worker:1:h', 'demo-worker:res:x', 'res:b']);
  const none = commit(batchOfThree(), keeping({ replies: 'Disabled' })).slice(3, -3);
  assertEquals(names(none), Array.from({ length: 3 }, () => 'XADD demo-worker:res:x'));
});

Deno.test('successes are counted by consumer and code where failures alone leave a response, which trims the stream', () => {
  const commands = commit(batchOfThree(), keeping({ replies: 'Disabled', responses: 'Failures' }));
  assertEquals(commands.slice(3, -2).map((command) => command.slice(0, 3)), [
    ['XADD', 'demo-worker:res:x', 'MAXLEN'],
    ['XACK', 'demo-worker:req:x', 'worker'],
    ['HINCRBY', 'demo-worker:req:x:worker:g', 'done:200:1'],
  ]);
  assertEquals(commands.at(-3)?.at(-1), '2');
  assertEquals(commands.at(-4)?.slice(3), ['1-1', '1-2', '1-3']);
});

Deno.test('nothing is written of a success that nobody reads, but that it is done', () => {
  const [first, second] = batchOfThree();
  const lean = commit([first as Held, second as Held], keeping({ replies: 'Disabled', responses: 'Failures' }));
  assertEquals(lean.map(([name]) => name), ['WATCH', 'EVAL', 'MULTI', 'XACK', 'HINCRBY', 'EXEC', 'HMGET']);
});

Deno.test('which replies of a transaction are whose follows from what each request leaves', () => {
  const where = keeping({ replies: 'OnRequest', responses: 'Failures', traces: 'On' });
  assertEquals(encoderFor(where).repliesOf(batchOfThree()), [
    { from: 0, essentialsEnd: 0, end: 2 },
    { from: 2, essentialsEnd: 4, end: 6 },
    { from: 6, essentialsEnd: 7, end: 9 },
  ]);
});

Deno.test('a long reply goes to the caller whole, and is told without its data elsewhere', () => {
  const long = { ...answer, json: 'x'.repeat(20_000), told: '{}' };
  const [reply, , response, trace] = commandsFor(held({ ref: 'r' }, { outcome: { answer: long } }), place());
  assertEquals([reply?.[2], response?.[15], String(trace?.[3]).endsWith('"res":{}}')], [long.json, '{}', true]);
});

Deno.test('a trace ends by itself where the server lets a field do that', () => {
  const trace = (expiry: TraceExpiry) =>
    commandsFor(held({ ref: 'r' }, { outcome: { answer } }), place(), expiry).slice(3);
  const [both] = trace('HSETEX');
  assertEquals(both?.slice(0, -1), ['HSETEX', 'req:r:h', 'EX', '3600', 'FIELDS', '1', 'demoWorkerTrace']);
  assertEquals(trace('HSETEX').length, 1);
  assertEquals(trace('HEXPIRE')[1], ['HEXPIRE', 'req:r:h', '3600', 'FIELDS', '1', 'demoWorkerTrace']);
  assertEquals(trace('EXPIRE')[1], ['EXPIRE', 'req:r:h', '3600']);
});

Deno.test('a commit is one transaction, which its guard asks for first', () => {
  const batch = [
    held({}, { ref: 'a', outcome: { answer } }, '1-1'),
    held({}, { ref: 'b', outcome: { answer } }, '1-2'),
  ];
  const commands = commit(batch);
  assertEquals(commands.map(([name]) => name), [
    'WATCH',
    'EVAL',
    'MULTI',
    ...Array.from({ length: 2 }, () => ['LPUSH', 'EXPIRE', 'XADD', 'HSET', 'EXPIRE']).flat(),
    'XACK',
    'EXEC',
    'HMGET',
  ]);
  assertEquals(commands[0], ['WATCH', 'demo-worker:1:h']);
  assertEquals(commands[1]?.slice(2), [
    '6',
    'demo-worker:1:h',
    'demo-worker:res:x',
    'res:a',
    'req:a:h',
    'res:b',
    'req:b:h',
    '7',
    'pod-1',
    'session-1',
  ]);
  assertEquals(commands.at(-3), ['XACK', 'demo-worker:req:x', 'worker', '1-1', '1-2']);
  const fieldsExpire = commit(batch, place(), encoderFor(place(), 'HSETEX'))[1];
  assertEquals(fieldsExpire?.slice(2, 7), ['4', 'demo-worker:1:h', 'demo-worker:res:x', 'res:a', 'res:b']);
});

Deno.test('answers are the same commands, be they ASCII or not, alone or beside others, in fresh or in used memory', () => {
  const encoder = encoderFor(place());
  const answering = (json: string) => held({}, { ref: json, outcome: { answer: { code: 200, json, told: json } } });
  for (const json of ['"plain"', '"größe"', '"👍"', '"\u007f"', '"plain"', `"${'x'.repeat(100_000)}"`, '""']) {
    const alone = commit([answering(json)], place(), encoder);
    assertEquals([alone[3], alone[5]?.[15]], [['LPUSH', `res:${json}`, json], json]);
    const beside = commit([answering('"other"'), answering(json)], place(), encoder);
    assertEquals(beside.slice(8, 13), alone.slice(3, 8));
  }
});
