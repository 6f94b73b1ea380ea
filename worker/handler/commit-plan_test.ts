import { type Finish, keysOf, type KeyState, planFinish } from './commit-plan.ts';
import type { Held } from './in-flight.ts';
import type { Place } from './place.ts';
import { decodeEntry } from './entry.ts';
import { ReplyParser } from '../redis/resp.ts';
import { assertEquals } from '../testing/assert.ts';
import { flat, held, place } from '../testing/held.ts';

const answer = { code: 200, json: '{"code":200}', told: '{"code":200}' };
type States = Readonly<Record<string, KeyState>>;
const stays = (type: string): KeyState => ({ type, ttlMs: -1 });
const ends = (type: string, seconds: number): KeyState => ({ type, ttlMs: seconds * 1000 });

const plan = (one: Held, states: States = {}, where: Place = place()): Finish =>
  planFinish(one, (key) => states[key] ?? { type: 'none', ttlMs: -2 }, where, 'EXPIRE', 0);
const commandsOf = (finish: Finish) => finish.kind === 'write' ? finish.commands : [];
const names = (finish: Finish) => commandsOf(finish).map(([name, key]) => `${name} ${key}`);
const answered = () => held({ ref: 'r' }, { outcome: { answer } });

Deno.test('where no key is there yet, a request leaves what it always leaves', () => {
  assertEquals(names(plan(answered())), [
    'LPUSH res:r',
    'EXPIRE res:r',
    'XADD demo-worker:res:x',
    'HSET req:r:h',
    'EXPIRE req:r:h',
  ]);
});

Deno.test('a list and a hash that stay are left to stay, and a life is made longer but never shorter', () => {
  const expired = (list: KeyState, hash: KeyState) =>
    names(plan(answered(), { 'res:r': list, 'req:r:h': hash })).filter((name) => name.startsWith('EXPIRE'));
  assertEquals(expired(stays('list'), stays('hash')), []);
  assertEquals(expired(ends('list', 9), ends('hash', 604_800)), []);
  assertEquals(expired(ends('list', 2), ends('hash', 60)), ['EXPIRE res:r', 'EXPIRE req:r:h']);
});

Deno.test('a reply whose key is something else makes a dead letter, and that key is not touched', () => {
  const finish = plan(answered(), { 'res:r': stays('stream') });
  assertEquals(names(finish), [
    'XADD demo-worker:dead:x',
    'XADD demo-worker:res:x',
    'HSET req:r:h',
    'EXPIRE req:r:h',
  ]);
  const { outcome, unwritten } = finish as Extract<Finish, { kind: 'write' }>;
  const reason = 'the key "res:r" is a stream, not a list';
  assertEquals([outcome.dead, unwritten], [`its reply could not be written: WRONGTYPE ${reason}`, reason]);
});

Deno.test('a trace whose key is something else is left out, and the reply is given', () => {
  const finish = plan(answered(), { 'req:r:h': stays('string') });
  assertEquals(names(finish), ['LPUSH res:r', 'EXPIRE res:r', 'XADD demo-worker:res:x']);
  assertEquals(finish.kind === 'write' && finish.outcome.dead, undefined);
});

Deno.test('a response stream, a schedule and a dead-letter stream that are something else are waited for', () => {
  const [letter, retry] = [held({}, { outcome: { dead: 'no' } }), held({}, { outcome: { retryAt: 5 } })];
  const problems = [
    plan(answered(), { 'demo-worker:res:x': stays('hash') }),
    plan(letter, { 'demo-worker:dead:x': stays('string') }),
    plan(retry, { 'demo-worker:retry:z': stays('list') }),
    plan(answered(), { 'res:r': stays('string'), 'demo-worker:dead:x': stays('string') }),
  ].map((finish) => finish.kind === 'wait' ? finish.problem : 'written');
  assertEquals(problems, [
    'the key "demo-worker:res:x" is a hash, not a stream',
    'the key "demo-worker:dead:x" is a string, not a stream',
    'the key "demo-worker:retry:z" is a list, not a zset',
    'the key "demo-worker:dead:x" is a string, not a stream',
  ]);
  assertEquals(plan(answered(), { 'demo-worker:dead:x': stays('string') }).kind, 'write');
});

Deno.test("what leaves no reply and no response is counted, and stands in nobody's way", () => {
  const settings = { ...place().settings, traces: 'Off', replies: 'Disabled', responses: 'Failures' } as const;
  const lean = place({ settings });
  const taken = { 'res:r': stays('stream'), 'demo-worker:res:x': stays('hash') };
  assertEquals(commandsOf(plan(answered(), taken, lean)), [
    ['HINCRBY', 'demo-worker:req:x:worker:g', 'done:200:1', 1],
  ]);
  assertEquals(keysOf(answered(), lean), ['demo-worker:dead:x']);
  const failure = held({ ref: 'r' }, { outcome: { answer: { ...answer, code: 500 }, dead: 'no' } });
  assertEquals(names(plan(failure, {}, lean)), ['XADD demo-worker:dead:x', 'XADD demo-worker:res:x']);
});

Deno.test('every key a request may write to is looked at', () => {
  assertEquals(keysOf(answered(), place()), ['demo-worker:res:x', 'res:r', 'req:r:h', 'demo-worker:dead:x']);
  assertEquals(keysOf(held({}, { outcome: { retryAt: 5 } }), place()), ['demo-worker:retry:z']);
  assertEquals(keysOf(held({}, { outcome: { refused: 'ref' } }), place()), []);
});

Deno.test('a refused request is counted, and answered when it has a ref', () => {
  const counted = ['HINCRBY', 'demo-worker:1:h', 'err:ref', 1];
  assertEquals(commandsOf(plan(held({}, { outcome: { refused: 'ref' } }))), [counted]);
  assertEquals(names(plan(held({}, { outcome: { refused: 'type', answer } }))).slice(0, 2), [
    'HINCRBY demo-worker:1:h',
    'LPUSH res:r',
  ]);
});

Deno.test('a dead letter has the fields byte for byte, then ours', () => {
  const odd = Uint8Array.of(255, 0, 13, 10);
  const fields = { ref: 'r', odd, 'rw:attempt': '3', 'rw:xid': '4-0' };
  const [command] = commandsOf(plan(held(fields, { outcome: { dead: 'broken' } })));
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
  const [command] = commandsOf(plan(held({ odd }, { outcome: { retryAt: 77 } }, '9-9')));
  assertEquals(command?.slice(0, 3), ['ZADD', 'demo-worker:retry:z', 77]);
  const parser = new ReplyParser('bytes');
  parser.push(command?.[3] as Uint8Array);
  const [, ...fields] = parser.next() as Uint8Array[];
  const { proof, ...again } = place().proof.checked(decodeEntry('10-0', fields));
  assertEquals(again, { id: '10-0', fields: flat({ odd }), attempt: 2, xid: '9-9' });
  assertEquals(proof?.length, 16);
});
