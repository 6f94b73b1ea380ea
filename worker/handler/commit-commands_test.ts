import { CommitEncoder, rareCommands } from './commit-commands.ts';
import type { Held } from './in-flight.ts';
import type { Place } from './place.ts';
import { decodeEntry } from './entry.ts';
import { type Reply, ReplyParser } from '../redis/resp.ts';
import { assertEquals } from '../testing/assert.ts';
import { flat, held, place } from '../testing/held.ts';

const answer = { code: 200, json: '{"code":200}', told: '{"code":200}' };
const names = (commands: readonly (readonly unknown[])[]) => commands.map(([name, key]) => `${name} ${key}`);

/** The commands of a commit as Redis reads them. */
/** A process that started in 1970. */
const since1970 = { now: () => 0, monotonic: () => 0 };

function commit(
  batch: readonly Held[],
  where: Place = place(),
  encoder = new CommitEncoder(where, since1970),
): string[][] {
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
function commandsFor(one: Held, where?: Place): string[][] {
  return commit([one], where).slice(1, -3);
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
  const commands = commit([answering('1-1'), answering('1-2'), held({}, { outcome: { refused: 'ref' } }, '1-3')]);
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

Deno.test('a long reply goes to the caller whole, and is told without its data elsewhere', () => {
  const long = { ...answer, json: 'x'.repeat(20_000), told: '{}' };
  const [reply, , response, trace] = commandsFor(held({ ref: 'r' }, { outcome: { answer: long } }), place());
  assertEquals([reply?.[2], response?.[15], String(trace?.[3]).endsWith('"res":{}}')], [long.json, '{}', true]);
});

Deno.test('a refused request is counted, and answered when it has a ref', () => {
  assertEquals(commandsFor(held({}, { outcome: { refused: 'ref' } }), place()), [[
    'HINCRBY',
    'demo-worker:1:h',
    'err:ref',
    '1',
  ]]);
  assertEquals(names(commandsFor(held({}, { outcome: { refused: 'type', answer } }), place())).slice(0, 2), [
    'HINCRBY demo-worker:1:h',
    'LPUSH res:r',
  ]);
});

Deno.test('a dead letter has the fields byte for byte, then ours', () => {
  const odd = Uint8Array.of(255, 0, 13, 10);
  const [command] = rareCommands(
    held({ ref: 'r', odd, 'rw:attempt': '3', 'rw:xid': '4-0' }, { outcome: { dead: 'broken' } }),
    place(),
  );
  assertEquals(command, [
    'XADD',
    'demo-worker:dead:x',
    'MAXLEN',
    '~',
    100_000,
    '*',
    ...flat({ ref: 'r', odd }),
    'rw:xid',
    '4-0',
    'rw:reason',
    'broken',
    'rw:attempts',
    3,
    'rw:source',
    'sha256-ab',
  ]);
});

Deno.test('a retry is scheduled with its fields, its count and its first id', () => {
  const odd = Uint8Array.of(255, 0, 13, 10);
  const [command] = rareCommands(held({ odd }, { outcome: { retryAt: 77 } }, '9-9'), place());
  assertEquals(command?.slice(0, 3), ['ZADD', 'demo-worker:retry:z', 77]);
  const parser = new ReplyParser('bytes');
  parser.push(command?.[3] as Uint8Array);
  const [, ...fields] = parser.next() as Uint8Array[];
  const { proof, ...again } = place().proof.checked(decodeEntry('10-0', fields));
  assertEquals(again, { id: '10-0', fields: flat({ odd }), attempt: 2, xid: '9-9' });
  assertEquals(proof?.length, 16);
});

Deno.test('a commit is one transaction, and knows which replies belong to whom', () => {
  const batch = [
    held({}, { outcome: { answer } }, '1-1'),
    held({}, { outcome: {} }, '1-2'),
    held({}, { outcome: { refused: 'ref' } }, '1-3'),
  ];
  const commands = commit(batch);
  assertEquals(commands.map(([name]) => name), [
    'MULTI',
    'LPUSH',
    'EXPIRE',
    'XADD',
    'HSET',
    'EXPIRE',
    'HINCRBY',
    'XACK',
    'EXEC',
    'HMGET',
  ]);
  assertEquals(commands[7], ['XACK', 'demo-worker:req:x', 'worker', '1-1', '1-2', '1-3']);
  assertEquals(new CommitEncoder(place()).encode(batch).firstReply, [0, 5, 5]);
  assertEquals(new CommitEncoder(place()).encode(batch.slice(0, 1)).firstReply, [0]);
});

Deno.test('answers are the same commands, be they ASCII or not, alone or beside others, in fresh or in used memory', () => {
  const encoder = new CommitEncoder(place());
  const answering = (json: string) => held({}, { ref: json, outcome: { answer: { code: 200, json, told: json } } });
  for (const json of ['"plain"', '"größe"', '"👍"', '"\u007f"', '"plain"', `"${'x'.repeat(100_000)}"`, '""']) {
    const alone = commit([answering(json)], place(), encoder);
    assertEquals([alone[1], alone[3]?.[15]], [['LPUSH', `res:${json}`, json], json]);
    const beside = commit([answering(json), held({}, { outcome: { refused: 'ref' } })], place(), encoder);
    assertEquals(beside.slice(0, 6), alone.slice(0, 6));
  }
});
