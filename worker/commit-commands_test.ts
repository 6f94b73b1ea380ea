import { commandsFor, encodeCommit } from './commit-commands.ts';
import { decodeEntry } from './entry.ts';
import { ReplyParser } from './resp.ts';
import { assertEquals } from './testing/assert.ts';
import { flat, held, place } from './testing/held.ts';

const answer = { code: 200, json: '{"code":200}', jsonWithoutData: '{}' };
const names = (commands: readonly (readonly unknown[])[]) => commands.map(([name, key]) => `${name} ${key}`);

Deno.test('a finished request leaves reply, response and trace, each bounded', () => {
  const commands = commandsFor(held({ ref: 'r' }, { outcome: { answer } }), place());
  assertEquals(names(commands), ['LPUSH res:r', 'EXPIRE res:r', 'XADD demo-worker:res:x', 'HSET req:r:h', 'EXPIRE req:r:h']);
  assertEquals(commands[1], ['EXPIRE', 'res:r', 8]);
  assertEquals(commands[2], [
    'XADD', 'demo-worker:res:x', 'MAXLEN', '~', 10_000, '*',
    'ref', 'r', 'type', 'demo-worker', 'xid', '5-1', 'code', 200, 'res', '{"code":200}', 'consumer', '1', 'ms', 12, 'attempt', 1,
  ]);
  assertEquals(commands[3], ['HSET', 'req:r:h', 'demoWorkerTrace', '{"received":"1970-01-01T00:00:00.000Z","completed":"1970-01-01T00:00:01.012Z","res":{"code":200}}']);
});

Deno.test('without traces there is none', () => {
  const silent = place({ settings: { ...place().settings, traces: 'Off' } });
  assertEquals(commandsFor(held({ ref: 'r' }, { outcome: { answer } }), silent).length, 3);
});

Deno.test('a long reply goes to the caller whole, and is told without its data elsewhere', () => {
  const long = { ...answer, json: 'x'.repeat(20_000) };
  const [reply, , response, trace] = commandsFor(held({ ref: 'r' }, { outcome: { answer: long } }), place());
  assertEquals([reply?.[2], response?.[15], String(trace?.[3]).endsWith('"res":{}}')], [long.json, '{}', true]);
});

Deno.test('a refused request is counted, and answered when it has a ref', () => {
  assertEquals(commandsFor(held({}, { outcome: { refused: 'ref' } }), place()), [['HINCRBY', 'demo-worker:1:h', 'err:ref', 1]]);
  assertEquals(names(commandsFor(held({}, { outcome: { refused: 'type', answer } }), place())).slice(0, 2), ['HINCRBY demo-worker:1:h', 'LPUSH res:r']);
});

Deno.test('a dead letter has the fields byte for byte, then ours', () => {
  const odd = Uint8Array.of(255, 0, 13, 10);
  const [command] = commandsFor(held({ ref: 'r', odd, 'rw:attempt': '3', 'rw:xid': '4-0' }, { outcome: { dead: 'broken' } }), place());
  assertEquals(command, [
    'XADD', 'demo-worker:dead:x', 'MAXLEN', '~', 100_000, '*', ...flat({ ref: 'r', odd }),
    'rw:xid', '4-0', 'rw:reason', 'broken', 'rw:attempts', 3, 'rw:source', 'sha256-ab',
  ]);
});

Deno.test('a retry is scheduled with its fields, its count and its first id', () => {
  const odd = Uint8Array.of(255, 0, 13, 10);
  const [command] = commandsFor(held({ odd }, { outcome: { retryAt: 77 } }, '9-9'), place());
  assertEquals(command?.slice(0, 3), ['ZADD', 'demo-worker:retry:z', 77]);
  const parser = new ReplyParser('bytes');
  parser.push(command?.[3] as Uint8Array);
  const [, ...fields] = parser.next() as Uint8Array[];
  assertEquals(decodeEntry('10-0', fields), { id: '10-0', fields: flat({ odd }), attempt: 2, xid: '9-9' });
});

Deno.test('a commit is one transaction, and knows which replies belong to whom', () => {
  const batch = [held({}, { outcome: { answer } }, '1-1'), held({}, { outcome: {} }, '1-2'), held({}, { outcome: { refused: 'ref' } }, '1-3')];
  const { bytes, replyCount, firstReply } = encodeCommit(batch, place());
  const parser = new ReplyParser();
  parser.push(bytes);
  const commands: string[][] = [];
  for (let command = parser.next(); command !== undefined; command = parser.next()) commands.push(command as string[]);
  assertEquals(commands.map(([name]) => name), ['MULTI', 'LPUSH', 'EXPIRE', 'XADD', 'HSET', 'EXPIRE', 'HINCRBY', 'XACK', 'EXEC', 'HMGET']);
  assertEquals(commands[7], ['XACK', 'demo-worker:req:x', 'worker', '1-1', '1-2', '1-3']);
  assertEquals([replyCount, firstReply], [10, [0, 5, 5]]);
});
