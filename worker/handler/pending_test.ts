import { InFlightTable } from './in-flight.ts';
import { bytesOf, decodeEntry, decodeRead, headOf, idBefore, userFields } from './entry.ts';
import { isInDoubt, orphanIdleMs } from './lease.ts';
import { planRecovery, settleInFlight } from './pending.ts';
import { holdLimit, readCount, SizeLimit } from './capacity.ts';
import { assertEquals } from '../testing/assert.ts';
import { flat, place } from '../testing/held.ts';

const pending = (...deliveries: number[]) => deliveries.map((count, at) => ({ id: `${at}-0`, deliveries: count }));

Deno.test('the backlog is taken as far as there is room', () => {
  const backlog = pending(1, 0, 1);
  assertEquals(planRecovery(backlog, { room: 2, size: 5 }, 5), {
    kind: 'take',
    next: backlog.slice(0, 2),
    manner: 'run',
  });
  assertEquals(planRecovery(backlog, { room: 9, size: 0 }, 5), { kind: 'take', next: backlog, manner: 'run' });
  assertEquals(planRecovery(backlog, { room: 0, size: 9 }, 5), { kind: 'wait' });
});

Deno.test('what has outlived two processes runs alone', () => {
  const backlog = pending(1, 2, 1);
  assertEquals(planRecovery(backlog, { room: 9, size: 0 }, 5), {
    kind: 'take',
    next: backlog.slice(0, 1),
    manner: 'run',
  });
  assertEquals(planRecovery(backlog.slice(1), { room: 9, size: 1 }, 5), { kind: 'wait' });
  assertEquals(planRecovery(backlog.slice(1), { room: 9, size: 0 }, 5), {
    kind: 'take',
    next: backlog.slice(1, 2),
    manner: 'alone',
  });
});

Deno.test('what was delivered too often is quarantined', () => {
  assertEquals(planRecovery(pending(5, 1), { room: 9, size: 3 }, 5), {
    kind: 'take',
    next: pending(5),
    manner: 'quarantine',
  });
  assertEquals(planRecovery(pending(1, 1), { room: 9, size: 0 }, 1), {
    kind: 'take',
    next: pending(1),
    manner: 'quarantine',
  });
});

/** A table with a request in each state: waiting, running, finished and on the wire. */
function busyTable(): InFlightTable {
  const inFlight = new InFlightTable(place().proof);
  for (const id of ['1-0', '2-0', '3-0', '4-0']) inFlight.add(decodeEntry(id, []), 1, 0);
  const [committing, finished] = [inFlight.start(), inFlight.start()];
  inFlight.start();
  if (committing) inFlight.finish(committing, {}, 0);
  inFlight.takeFinished(1, Infinity);
  if (finished) inFlight.finish(finished, {}, 0);
  return inFlight;
}

const states = (inFlight: InFlightTable) => [...inFlight.all()].map(({ entry, state }) => `${entry.id} ${state}`);

Deno.test('after an outage a commit in doubt is repeated when its entry is still pending, else it has happened', () => {
  const [repeated, happened] = [busyTable(), busyTable()];
  assertEquals(states(repeated), ['1-0 committing', '2-0 finished', '3-0 running', '4-0 waiting']);
  settleInFlight(repeated, ['1-0', '2-0', '3-0', '4-0'].map((id) => ({ id, deliveries: 1 })), false);
  assertEquals(states(repeated), ['1-0 finished', '2-0 finished', '3-0 running', '4-0 waiting']);
  settleInFlight(happened, ['2-0', '3-0', '4-0'].map((id) => ({ id, deliveries: 1 })), false);
  assertEquals(states(happened), ['2-0 finished', '3-0 running', '4-0 waiting']);
});

Deno.test('after an outage what another consumer has taken is dropped', () => {
  const inFlight = busyTable();
  settleInFlight(inFlight, [], false);
  assertEquals([states(inFlight), inFlight.quiet, inFlight.start()], [[], true, undefined]);
});

Deno.test('after Redis lost the group nothing is dropped', () => {
  const inFlight = busyTable();
  settleInFlight(inFlight, [], true);
  assertEquals(states(inFlight), ['1-0 finished', '2-0 finished', '3-0 running', '4-0 waiting']);
});

Deno.test('a commit takes no more than its bytes allow, but always one', () => {
  const inFlight = new InFlightTable(place().proof);
  for (const id of ['1-0', '2-0', '3-0']) inFlight.add(decodeEntry(id, []), 1, 0);
  for (let held = inFlight.start(); held !== undefined; held = inFlight.start()) {
    inFlight.finish(held, { answer: { code: 200, json: 'x'.repeat(60), told: '' } }, 0);
  }
  assertEquals([
    inFlight.takeFinished(9, 100).length,
    inFlight.takeFinished(9, 1).length,
    inFlight.takeFinished(9, 1).length,
  ], [2, 1, 0]);
});

Deno.test('holds what runs, and more only when handlers are quick', () => {
  assertEquals([holdLimit(16, 1000), holdLimit(16, 20), holdLimit(16, 5), holdLimit(16, 0), holdLimit(2000, 0)], [
    16,
    16,
    64,
    1024,
    2000,
  ]);
});

Deno.test('reads little only while a handler is idle', () => {
  assertEquals([
    readCount(16, 15, 16),
    readCount(16, 16, 16),
    readCount(512, 500, 16),
    readCount(512, 100, 16),
    readCount(512, 0, 16),
  ], [1, 0, 0, 256, 256]);
});

Deno.test('reads few until it knows how large requests are, then as many as there is room for in bytes', () => {
  const mebibyte = 1024 * 1024;
  const small = new SizeLimit(128);
  const counts = [small.count(0)];
  for (let read = 0; read < 4; read++) {
    small.learn(Array.from({ length: counts.at(-1) ?? 0 }, () => 200));
    counts.push(small.count(0));
  }
  assertEquals(counts, [4, 16, 64, 256, 256]);
  small.learn([mebibyte, 200, 200, 200]);
  assertEquals([small.count(0), small.count(3 * mebibyte), small.count(4 * mebibyte)], [4, 1, 0]);
  for (let read = 0; read < 20; read++) small.learn(Array.from({ length: 64 }, () => 200));
  assertEquals(small.count(0), 256);
  small.learn([40 * mebibyte]);
  assertEquals([small.count(0), small.count(1)], [1, 0]);
});

Deno.test('reads few again after a read that brought little: what comes after a pause may be large', () => {
  const sizes = new SizeLimit(128);
  for (const length of [4, 16, 64]) sizes.learn(Array.from({ length }, () => 200));
  const counts = [sizes.count(0)];
  for (const length of [10, 1, 0]) {
    sizes.learn(Array.from({ length }, () => 200));
    counts.push(sizes.count(0));
  }
  assertEquals(counts, [256, 40, 4, 4]);
});

Deno.test('a pod with more memory holds more', () => {
  const sizes = new SizeLimit(1024);
  sizes.learn(Array.from({ length: 16 }, () => 1024 * 1024));
  assertEquals(sizes.count(0), 32);
});

Deno.test('what is in flight is weighed with its reply, and weighs nothing once it is gone', () => {
  const inFlight = new InFlightTable(place().proof);
  const held = inFlight.add(decodeEntry('1-0', ['ref', 'x', 'image', new Uint8Array(100)]), 1, 0);
  inFlight.start();
  const before = inFlight.bytes;
  if (held) inFlight.finish(held, { answer: { code: 200, json: 'x'.repeat(50), told: '' } }, 0);
  const after = inFlight.bytes;
  if (held) inFlight.drop(held);
  assertEquals([before, after, inFlight.bytes], [109, 159, 0]);
});

Deno.test('an entry is in doubt when it was last known to be ours half a lease ago, or the clock was set back', () => {
  const settings = { ...place().settings, leaseSeconds: 60 };
  const at = (nowMs: number) => isInDoubt({ provenMs: 100_000 }, nowMs, settings);
  assertEquals([at(100_000), at(130_000), at(130_001), at(99_999)], [false, false, true, true]);
});

Deno.test('decodes a read, also of entries that were deleted meanwhile', () => {
  const reply = [[flat({ s: '' })[0], [[flat({ '1-1': '' })[0], flat({ ref: 'r', a: 'ü' })], [
    flat({ '1-2': '' })[0],
    null,
  ]]]];
  const [entry, deleted] = decodeRead(reply as never);
  assertEquals(entry && [headOf(entry).ref, userFields(entry)], ['r', { a: 'ü' }]);
  assertEquals(entry && bytesOf(entry, 'a'), Uint8Array.of(0xc3, 0xbc));
  assertEquals(deleted, { id: '1-2', fields: [], attempt: 1, xid: '1-2' });
  assertEquals(decodeRead(null), []);
});

Deno.test('a reference that is no UTF-8 is none, and any other is kept to the byte', () => {
  const refOf = (bytes: Uint8Array) => headOf(decodeEntry('1-1', ['ref', bytes])).ref;
  assertEquals([refOf(Uint8Array.of(0x61, 0xff)), refOf(Uint8Array.of(0xc3, 0xbc))], [undefined, 'ü']);
  assertEquals(refOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
});

Deno.test('an attempt that is no number is the first', () => {
  for (const count of ['x', '-1', '0', '']) assertEquals(decodeEntry('1-1', flat({ 'rw:attempt': count })).attempt, 1);
});

Deno.test('knows the id before an id', () => {
  assertEquals(['5-3', '5-0', '0-1', '0-0'].map(idBefore), ['5-2', '4-18446744073709551615', '0-0', '0-0']);
});

Deno.test('an entry counts as left behind only after any handler must have ended', () => {
  const idleMs = (timeoutSeconds: number, lease = {}) =>
    orphanIdleMs({ ...place().settings, timeoutSeconds, ...lease });
  assertEquals([idleMs(1), idleMs(30), idleMs(600), idleMs(600, { leaseSeconds: 2 })], [
    60_000,
    60_000,
    1_200_000,
    2000,
  ]);
});
