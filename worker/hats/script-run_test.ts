import { assertEquals } from '../testing/assert.ts';
import type { Host } from './host.ts';
import { sliceMs } from './script-run.ts';
import { ThreadRun } from './thread-run.ts';
import type { Outcome, Tenant } from './vm-process.ts';

/** A thread whose process does nothing until it is killed, and what its host knows of the time. */
function busyThread() {
  const time = { ms: 0 };
  const begun = Promise.withResolvers<Tenant>();
  const gone = Promise.withResolvers<Outcome>();
  const process = {
    run: (_order: unknown, tenant: Tenant) => (begun.resolve(tenant), gone.promise),
    kill: () => gone.resolve({ kind: 'gone', why: 'it was ended' }),
  };
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const host = {
    monotonic: () => time.ms,
    logWith: () => silent,
    pool: { fresh: () => Promise.resolve(process) },
    store: { member: { name: 'w-1', cluster: 'w' }, field: () => Promise.resolve('running') },
  } as unknown as Host;
  const holding = { key: 'w:Threads:t', name: 't', fence: '1', deadMs: 1e9 };
  const thread = new ThreadRun(host, holding, { source: '', hangMs: 1 } as never);
  return { time, thread, begun: begun.promise, failure: thread.run() };
}

Deno.test('a script that works for a minute without a call is ended, and told why', async () => {
  const { time, thread, begun, failure } = busyThread();
  await begun;
  time.ms = sliceMs;
  thread.checkSlice();
  assertEquals(await failure, { error: 'Error: the script worked for 60 s without a call' });
});

Deno.test('a call begins the minute anew', async () => {
  const { time, thread, begun, failure } = busyThread();
  const tenant = await begun;
  time.ms = sliceMs - 1;
  thread.checkSlice();
  assertEquals(await tenant.answer('state', []), 'running');
  time.ms = 2 * sliceMs - 2;
  thread.checkSlice();
  assertEquals(await Promise.race([failure, tenant.answer('stopping', [])]), false);
  time.ms = 4 * sliceMs;
  thread.checkSlice();
  assertEquals(await failure, { error: 'Error: the script worked for 60 s without a call' });
});
