/** Every call settles, whatever becomes of it, and what it settles with arrives as it was. */
import { eventually } from '../test/support/wait.ts';
import { assertEquals } from '../worker/testing/assert.ts';
import { surplusOf } from './cleaner.ts';
import { BrokerError, type Isolation, type WorkerBrokerOptions } from './mod.ts';
import type { ModuleProcess } from './module-process.ts';
import type * as Basics from './testing/modules/basics.ts';
import type * as Responses from './testing/modules/responses.ts';
import { brokerFor, isLong, moduleUrl, rejection, testEach } from './testing/support.ts';

const basics = moduleUrl('basics');

/** Waits for what needs no time on a machine at rest. */
const patience = 60_000;

function basicsOf(isolation: Isolation, options: WorkerBrokerOptions = {}) {
  const broker = brokerFor(isolation, options);
  return { broker, module: broker.workerProxy<typeof Basics>(basics), [Symbol.dispose]: () => broker.terminate() };
}

const codeOf = (error: unknown): unknown => (error instanceof BrokerError ? error.code : error);

testEach(
  'calls under way reject when their worker is removed, the broker is terminated, the module crashes',
  async (isolation) => {
    using made = basicsOf(isolation);
    const { broker, module } = made;
    await module.hello('there');
    const removed = rejection(module.never());
    broker.removeWorker(basics);
    assertEquals(codeOf(await removed), 'Removed');
    await module.hello('there');
    for (const crash of [module.failLater, module.rejectLater]) {
      const lost = rejection(module.never());
      await crash();
      assertEquals(codeOf(await lost), 'Crashed');
      assertEquals(await module.hello('again'), 'Hello again');
    }
    const terminated = [rejection(module.never()), rejection(module.askOther('B', 'never'))];
    broker.terminate();
    assertEquals((await Promise.all(terminated)).map(codeOf), ['Removed', 'Removed']);
  },
);

testEach('a crash of a module ends that module alone, and its callers are told', async (isolation) => {
  using made = basicsOf(isolation);
  const { broker, module } = made;
  const other = broker.workerProxy<typeof Basics>([basics, 'B']);
  await module.setState('kept');
  const lost = rejection(module.askOther('B', 'never'));
  await other.hello('there');
  await other.failLater();
  assertEquals(codeOf(await lost), 'Crashed');
  assertEquals(await module.getState(), 'kept');
  assertEquals(await module.askOther('B', 'count'), 1);
});

testEach('what cannot be cloned rejects its call alone; what is cyclic arrives cyclic', async (isolation) => {
  using made = basicsOf(isolation);
  const { module } = made;
  const nameOf = async (promise: Promise<unknown>) => (await rejection(promise) as Error).name;
  assertEquals(await nameOf(module.echo(() => 1)), 'DataCloneError');
  assertEquals(await nameOf(module.echo({ deep: [Symbol('x')] })), 'DataCloneError');
  assertEquals(await nameOf(module.returnFunction()), 'DataCloneError');
  assertEquals(await nameOf(module.throwFunction()), 'Error');
  assertEquals(await nameOf(module.askOther('B', 'returnFunction')), 'DataCloneError');
  const cyclic: { self?: unknown; list: unknown[] } = { list: [] };
  cyclic.self = cyclic;
  cyclic.list.push(cyclic.list);
  const back = await module.echo(cyclic) as typeof cyclic;
  assertEquals([back.self === back, back.list[0] === back.list], [true, true]);
});

testEach('values arrive as structured clone has them', async (isolation) => {
  using made = basicsOf(isolation);
  const { module } = made;
  const values = [undefined, null, NaN, -0, Infinity, 12n, 'text \u{1F600}\0', true, new Date(5), /a[b]/gi, [1, , 3], {
    __proto__: null,
    a: undefined,
  }];
  for (const value of values) {
    assertEquals(
      Deno.inspect(await module.echo(value)).replace('[Object: null prototype] ', ''),
      Deno.inspect(value).replace('[Object: null prototype] ', ''),
    );
  }
  const map = await module.echo(new Map([[{ key: 1 }, new Set([1, 'a'])]])) as Map<unknown, Set<unknown>>;
  assertEquals([...map.entries()].map(([key, set]) => [key, [...set]]), [[{ key: 1 }, [1, 'a']]]);
  const bytes = new Uint8Array([1, 2, 3]);
  assertEquals(await module.echo({ bytes, view: new Float64Array([0.5]) }), { bytes, view: new Float64Array([0.5]) });
  assertEquals(bytes.byteLength, 3);
  const big = await module.echo(new Uint8Array(3_000_000).fill(7)) as Uint8Array;
  assertEquals([big.length, big.every((byte) => byte === 7)], [3_000_000, true]);
});

testEach('whatever is thrown rejects, undefined and 0 and the empty string too', async (isolation) => {
  using made = basicsOf(isolation);
  for (const value of [undefined, 0, '', null, false, 'text', { code: 7 }]) {
    assertEquals(await rejection(made.module.throwValue(value)), value);
  }
});

testEach('a proxy can be awaited', async (isolation) => {
  using made = basicsOf(isolation);
  const module = await Promise.resolve(made.module);
  assertEquals(await module.hello('there'), 'Hello there');
});

testEach('errors keep their type, name, code, cause and fields', async (isolation) => {
  using made = basicsOf(isolation);
  const { module } = made;
  class OwnError extends RangeError {
    override name = 'OwnError';
    code = 'E_OWN';
    count = 3;
    skipped = () => 1;
  }
  const cause = new TypeError('because', { cause: new Deno.errors.NotFound('not there') });
  for (const through of [module.throwValue, (value: unknown) => module.askOther('B', 'throwValue', value)]) {
    const error = await rejection(through(new OwnError('too far', { cause }))) as OwnError & { cause: Error };
    assertEquals([error instanceof RangeError, error.name, error.message, error.code, error.count], [
      true,
      'OwnError',
      'too far',
      'E_OWN',
      3,
    ]);
    assertEquals([error.cause instanceof TypeError, error.cause.cause instanceof Deno.errors.NotFound], [true, true]);
    const stopped = await rejection(through(new DOMException('enough', 'AbortError'))) as DOMException;
    assertEquals([stopped instanceof DOMException, stopped.name], [true, 'AbortError']);
    const several = await rejection(through(new AggregateError([new SyntaxError('one')], 'two'))) as AggregateError;
    assertEquals([several.message, several.errors[0] instanceof SyntaxError], ['two', true]);
  }
  assertEquals((await module.echo(new SyntaxError('as a value'))) instanceof SyntaxError, true);
});

testEach('a function that is not there, or is not of the module itself, is told by name', async (isolation) => {
  using made = basicsOf(isolation);
  for (const name of ['nope', 'constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    const error = await rejection(made.broker.workerFnProxy(basics, name)());
    assertEquals([codeOf(error), String(error).includes(`Function not found: ${name}()`)], ['FunctionNotFound', true]);
  }
});

testEach('a call ends with its signal or its deadline, and the function is told', async (isolation) => {
  using made = basicsOf(isolation, { graceMs: patience });
  const { broker, module } = made;
  await module.hello('there');
  const controller = new AbortController();
  const call = broker.workerFnProxy<typeof Basics.untilAborted>(basics, 'untilAborted', { signal: controller.signal });
  const ended = rejection(call());
  await eventually('it waits', async () => await module.getState() === 'waits', patience);
  controller.abort(new Error('enough'));
  assertEquals(String(await ended), 'Error: enough');
  await eventually('the function was told', async () => await module.getState() === 'Error: enough', patience);
  assertEquals(String(await rejection(call())), 'Error: enough');
  const late = broker.workerProxy<typeof Basics>(basics, { timeoutMs: 250 });
  const error = await rejection(late.untilAborted());
  assertEquals([codeOf(error), String(error).includes('untilAborted()')], ['Timeout', true]);
  await eventually('it was told again', async () => await module.getState() !== 'waits', patience);
});

testEach('calls beyond what runs at once wait, and beyond what may wait are refused', async (isolation) => {
  using made = basicsOf(isolation, { concurrency: 2, waiting: 3, graceMs: patience });
  const { broker, module } = made;
  await module.hello('there');
  const controller = new AbortController();
  const held = broker.workerProxy<typeof Basics>(basics, { signal: controller.signal });
  const running = [1, 2].map(() => rejection(held.untilAborted()));
  const waiting = [module.count(), module.count(), module.count()];
  assertEquals(codeOf(await rejection(module.count())), 'Overloaded');
  controller.abort('go on');
  assertEquals([await Promise.all(running), await Promise.all(waiting)], [['go on', 'go on'], [1, 2, 3]]);
});

testEach('streams flow as they are taken, through one module or two, and end when they are left', async (isolation) => {
  using broker = brokerFor(isolation);
  for (const name of ['responses', 'proxy-responses']) {
    const responses = broker.workerProxy<typeof Responses>(moduleUrl(name));
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const [writer, bytes] = [writable.getWriter(), new TextEncoder()];
    const response = await responses.shout(new Request('http://host/', { method: 'POST', body: readable }));
    assertEquals([response.status, response.statusText], [201, 'Shouted']);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (const word of ['one', 'two']) {
      void writer.write(bytes.encode(word));
      assertEquals((await reader.read()).value, word.toUpperCase());
    }
    void writer.close();
    assertEquals((await reader.read()).done, true);
    const endless = (await responses.endless()).getReader();
    for (const _ of Array(20)) assertEquals((await endless.read()).value?.byteLength, 64 * 1024);
    assertEquals(await responses.pulls() < 40, true);
    await endless.cancel();
    await eventually('its source was told', async () => await responses.pulls() === -1, patience);
    const broken = await responses.breaksOff();
    assertEquals(await rejection(Array.fromAsync(broken)) instanceof RangeError, true);
    assertEquals(broker.isBusy(moduleUrl(name)), false);
  }
});

testEach(
  'a module ends when nobody has called it for long enough, and starts anew when it is called',
  async (isolation) => {
    const events: string[] = [];
    using made = basicsOf(isolation, { idleMs: 50, workerCleaner: ({ type }) => void events.push(type) });
    await made.module.setState('forgotten');
    await eventually('it has ended', () => events.includes('remove'), patience);
    assertEquals(await made.module.getState(), undefined);
  },
);

Deno.test({
  name: 'a call to a module in a loop settles, and a process of its own is ended for it',
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using made = basicsOf('Process', { graceMs: 100 });
    const { broker, module } = made;
    await module.hello('there');
    const { pid } = broker.getWorker(basics) as ModuleProcess;
    const other = rejection(module.never());
    const spinning = broker.workerProxy<typeof Basics>(basics, { timeoutMs: 20 }).spin();
    assertEquals(codeOf(await rejection(spinning)), 'Timeout');
    assertEquals(codeOf(await other), 'Crashed');
    assertEquals(await module.hello('again'), 'Hello again');
    await eventually('the process has ended', () => !isRunning(pid), patience);
  },
});

testEach('segregated instances that were opened and closed leave nothing behind', async (isolation) => {
  const [rounds, many] = isLong ? [20, 50] : [isolation === 'Worker' ? 5 : 2, 20];
  using broker = brokerFor(isolation);
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ids = Array.from({ length: many }, (_, at) => `${round}-${at}`);
    await Promise.all(ids.map((id) => broker.workerFnProxy([basics, id], 'hello')(id)));
    for (const id of ids) broker.removeWorker([basics, id]);
    taken.push(Deno.memoryUsage().rss);
  }
  // The memory of workers that have ended is used again by the next.
  const [, second = 0] = taken;
  const growth = (taken.at(-1) ?? 0) - second;
  assertEquals(growth < 6 * 2 ** 20 * many, true);
});

Deno.test('a ceiling counts the memory of workers that have ended as free', () => {
  const mb = 2 ** 20;
  const at = { atRest: 50 * mb, rss: 110 * mb, most: 10 };
  assertEquals(surplusOf({ ...at, live: 10 }, 120 * mb), 0);
  assertEquals(surplusOf({ ...at, live: 10 }, 110 * mb), 1);
  assertEquals(surplusOf({ ...at, live: 10 }, 90 * mb), 4);
  assertEquals(surplusOf({ ...at, live: 5 }, 90 * mb), 0);
  assertEquals(surplusOf({ ...at, live: 10 }, 20 * mb), 16);
  assertEquals(surplusOf({ atRest: 50 * mb, rss: 50 * mb, most: 1, live: 1 }, 40 * mb), 1);
});

function isRunning(pid: number): boolean {
  try {
    return !Deno.readTextFileSync(`/proc/${pid}/stat`).includes(') Z ');
  } catch {
    return false;
  }
}
