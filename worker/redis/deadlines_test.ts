import { assertEquals } from '../testing/assert.ts';
import { Deadlines } from './deadlines.ts';

interface Call {
  readonly name: string;
  dueMs: number;
}

/** Calls that are open, and what came due of them; each is put off, or forgotten, when it does. */
function watching(putOffMs?: number) {
  const open: Call[] = [];
  const told: string[] = [];
  const done = Promise.withResolvers<void>();
  const deadlines = new Deadlines(() => open, (call: Call) => {
    told.push(call.name);
    if (putOffMs !== undefined && told.length === 1) call.dueMs = performance.now() + putOffMs;
    else open.splice(open.indexOf(call), 1);
    if (open.length === 0) done.resolve();
  });
  /** Timers of the first moments keep no process alive. */
  const alive = setInterval(() => {}, 1000);
  const begin = (name: string, ms: number): Call => {
    const call = { name, dueMs: performance.now() + ms };
    open.push(call);
    deadlines.watch(call);
    return call;
  };
  return { open, told, done: done.promise.finally(() => clearInterval(alive)), deadlines, begin };
}

Deno.test('what has not ended is told when it is due, the earliest first, whichever began before', async () => {
  const { told, done, begin } = watching();
  begin('late', 600);
  begin('early', 10);
  begin('between', 300);
  await done;
  assertEquals(told, ['early', 'between', 'late']);
});

Deno.test('what has ended in time is not told, and what is put off is told again', async () => {
  const { open, told, done, begin } = watching(20);
  begin('ended', 5);
  open.pop();
  begin('slow', 10);
  await done;
  assertEquals(told, ['slow', 'slow']);
});

Deno.test('nothing is told behind the end, and no timer is left', () => {
  const told: string[] = [];
  const never: Call = { name: 'never', dueMs: performance.now() + 60_000 };
  const deadlines = new Deadlines(() => [never], ({ name }: Call) => void told.push(name));
  deadlines.watch(never);
  deadlines.end();
  assertEquals(told, []);
});
