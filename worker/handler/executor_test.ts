import type { HandlerRequest } from '../mod.ts';
import { createLog } from '../pod/log.ts';
import { assertEquals } from '../testing/assert.ts';
import { oddValues } from '../testing/odd-values.ts';
import { flat, place } from '../testing/held.ts';
import { decodeEntry } from './entry.ts';
import { Executor, sweepMs } from './executor.ts';
import { type Held, InFlightTable } from './in-flight.ts';

type Handle = (request: HandlerRequest) => unknown;

/** An executor whose clocks are the test's to turn. */
function setUp(handler: Handle, more: object = {}) {
  const time = { wallMs: 1_700_000_000_000, monotonicMs: 50 };
  const clock = { now: () => time.wallMs, monotonic: () => time.monotonicMs, random: () => 0 };
  const inFlight = new InFlightTable(place().proof);
  const lines: Record<string, unknown>[] = [];
  const log = (bound: object) => {
    const add = (msg: string, fields: object = {}) => void lines.push({ msg, ...bound, ...fields });
    return { ...createLog({}), warn: add, error: add };
  };
  const shared = {
    secrets: {},
    config: { type: 'demo-worker', consumerId: '1' },
    logWith: log,
    progress: () => {},
  };
  const settings = { ...place().settings, timeoutSeconds: 10, ...more };
  const executor = new Executor(inFlight, handler, shared, { type: 'demo-worker' }, settings, clock);
  let sequence = 0;
  const add = (fields: Record<string, string> = {}): Held => {
    const all = { ref: `r${++sequence}`, type: 'demo-worker', ...fields };
    return inFlight.add(decodeEntry(`5-${sequence}`, flat(all)), 1, time.monotonicMs) as Held;
  };
  /** Lets time pass with its sweeps. */
  const pass = (ms: number) => {
    for (let at = 0; at < ms; at += sweepMs) {
      time.monotonicMs += sweepMs;
      time.wallMs += sweepMs;
      executor.endOverdue();
    }
  };
  return { executor, inFlight, time, lines, add, pass };
}

const forever: Handle = () => new Promise(() => {});
const codeOf = (held: Held) => held.outcome.answer?.code;

Deno.test('a response of another worker is refused without an answer, which would be a response again', () => {
  const { executor, add } = setUp(() => 1);
  const response = { xid: '4-1', code: '200', res: '{}', consumer: '1', ms: '1', attempt: '1' };
  const [told, request, own] = [
    add({ type: 'other', ...response }),
    add({ type: 'other', code: '200' }),
    add(response),
  ];
  executor.startWaiting();
  assertEquals([told.outcome, codeOf(request), codeOf(own)], [{ refused: 'type' }, 400, 200]);
});

Deno.test('a wall clock that is put forward ends no handler before its time', () => {
  const { executor, add, pass, time } = setUp(forever);
  const held = add();
  executor.startWaiting();
  time.wallMs += 3_600_000;
  pass(9000);
  assertEquals(held.state, 'running');
  pass(1000);
  assertEquals([codeOf(held), held.completedMs - held.startedMs], [504, 10_000]);
});

Deno.test('a wall clock that is put back ends a handler in time, and how long they take is still known', () => {
  const { executor, add, pass, time } = setUp(forever);
  const held = add();
  executor.startWaiting();
  time.wallMs -= 3_600_000;
  pass(10_000);
  assertEquals([codeOf(held), executor.meanMs > 0], [504, true]);
});

Deno.test('time in which the process was frozen counts for no handler, and is told', () => {
  const { executor, add, pass, time, lines } = setUp(forever);
  pass(2000);
  const held = add();
  executor.startWaiting();
  pass(3000);
  time.monotonicMs += 25_000;
  pass(1000);
  assertEquals(held.state, 'running');
  assertEquals(lines.map(({ msg, running }) => [msg, running]), [[
    'the event loop stood still for 25 s: the process was paused, or code ran that long without an await',
    ['r1'],
  ]]);
  pass(6000);
  assertEquals(codeOf(held), 504);
});

Deno.test('an odd error is answered at once, thrown or rejected, and its neighbours go on', async () => {
  for (const value of oddValues(300)) {
    const { executor, add } = setUp(({ fields }) => {
      if (fields['how'] === 'throw') throw value;
      return fields['how'] === 'reject' ? Promise.reject(value) : 'fine';
    });
    const requests = ['throw', 'reject', 'return'].map((how) => add({ how }));
    executor.startWaiting();
    await Promise.resolve().then(() => {}).then(() => {});
    assertEquals(requests.map(({ state }) => state), ['finished', 'finished', 'finished']);
    assertEquals(codeOf(requests[2] as Held), 200);
  }
});

Deno.test('a failure leaves a line with reference, attempt, reason and stack, also when it is tried again', () => {
  const { executor, add, lines } = setUp(() => {
    throw new Error('broken');
  }, { maxAttempts: 2, backoff: { initialMs: 100, maxMs: 100 } });
  add();
  const again = decodeEntry('1-1', flat({ ref: 'r2' }));
  add({ 'rw:attempt': '2', 'rw:xid': '1-1', 'rw:proof': place().proof.of({ ...again, attempt: 2 }) });
  executor.startWaiting();
  assertEquals(lines.map(({ msg, ref, attempt, id, reason }) => [msg, ref, attempt, id, reason]), [
    ['attempt 1 of 2 failed, the next one is due in 50 ms', 'r1', 1, '5-1', 'broken'],
    ['the request failed for good: it is answered and goes to the dead-letter stream', 'r2', 2, '1-1', 'broken'],
  ]);
  assertEquals(lines.map(({ stack }) => String(stack).startsWith('Error: broken\n')), [true, true]);
});

Deno.test('a handler that runs out of time and a request without a reference leave a line', () => {
  const { executor, add, pass, lines } = setUp(forever);
  add();
  add({ ref: '' });
  executor.startWaiting();
  pass(10_000);
  assertEquals(lines.map(({ msg, reason, xid }) => [String(msg).split(':')[0], reason, xid]), [
    ['a request is skipped', undefined, '5-2'],
    ['the request failed for good', 'the handler did not finish within 10 s', undefined],
  ]);
});
