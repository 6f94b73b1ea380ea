/** What programs written for other brokers of this shape rely on, told by public names alone. */
import { assertEquals } from '../worker/testing/assert.ts';
import { cleaner } from './cleaner.ts';
import { WorkerBroker, type WorkerEvent } from './mod.ts';
import { brokerFor, moduleUrl, rejection, settingsFor, testEach } from './testing/support.ts';
import type * as Basics from './testing/modules/basics.ts';
import type * as Gateway from './testing/modules/gateway.ts';
import type * as Responses from './testing/modules/responses.ts';
import type * as One from './testing/modules/sibling-one.ts';
import type * as Two from './testing/modules/sibling-two.ts';
import type * as Storage from './testing/modules/storage.ts';

const basics = moduleUrl('basics');

testEach('a function of a module is called through its proxy, by every form of a specifier', async (isolation) => {
  using broker = brokerFor(isolation);
  assertEquals(await broker.workerFnProxy<typeof Basics.hello>(basics, 'hello')('World'), 'Hello World');
  assertEquals(await broker.workerFnProxy<typeof Basics.hello>(basics.href, 'hello')('World'), 'Hello World');
  assertEquals(await broker.workerFnProxy<typeof Basics.hello>([basics, undefined], 'hello')('World'), 'Hello World');
  await broker.workerFnProxy<typeof Basics.setState>(basics, 'default')('by default');
  assertEquals(await broker.workerFnProxy(basics, 'getState')(), 'by default');
  assertEquals(String(await rejection(broker.workerFnProxy('./basics.ts', 'hello')())).includes('Invalid URL'), true);
});

testEach('a module calls another, by a specifier relative to its own', async (isolation) => {
  using broker = brokerFor(isolation);
  const { askOther } = broker.workerProxy<typeof Basics>(basics);
  assertEquals(await askOther('other', 'hello', 'there'), 'Hello there');
  assertEquals(await askOther('other', 'whoCalls'), [basics.href, undefined]);
});

testEach('a module is told who calls, fetches, and gives a response back', async (isolation) => {
  const server = Deno.serve({ port: 0, onListen: () => {} }, async (request) => new Response(await request.text()));
  const host = `127.0.0.1:${server.addr.port}`;
  using broker = brokerFor(isolation, {
    settingsOf: (module) =>
      isolation === 'Process' && module.href.endsWith('gateway.ts')
        ? { permissions: { ...settingsFor(isolation).permissions, net: [host] } }
        : {},
  });
  const gateway = broker.workerProxy<typeof Gateway>(moduleUrl('gateway'));
  const response = await gateway.sendMessage(`http://${host}/`, 'Hello');
  assertEquals([response instanceof Response, await response.text()], [true, 'Hello']);
  assertEquals(await gateway.last(), 'Hello');
  assertEquals(await broker.workerProxy<typeof Storage>(moduleUrl('storage')).get('last'), undefined);
  await server.shutdown();
});

testEach('an error of a function rejects the call', async (isolation) => {
  using broker = brokerFor(isolation);
  const error = await rejection(broker.workerProxy<typeof Basics>(basics).bad());
  assertEquals([error instanceof Error, String(error)], [true, 'Error: this is bad']);
});

testEach('undefined comes back as undefined, and null as null', async (isolation) => {
  using broker = brokerFor(isolation);
  const { nothing, none } = broker.workerProxy<typeof Basics>(basics);
  assertEquals([await nothing(), await none()], [undefined, null]);
});

testEach('proxies of one module share its worker, segregated ones do not', async (isolation) => {
  using broker = brokerFor(isolation);
  const [one, same, other] = [basics, basics, [basics, 'B'] as const].map((worker) =>
    broker.workerProxy<typeof Basics>(worker)
  );
  await one!.setState('THIS');
  await same!.setState('THAT');
  await other!.setState('OTHER');
  assertEquals([await one!.getState(), await same!.getState(), await other!.getState()], ['THAT', 'THAT', 'OTHER']);
  assertEquals(broker.getWorker(basics) === broker.getWorker([basics, undefined]), true);
  assertEquals(broker.getWorker(basics) === broker.getWorker([basics, 'B']), false);
});

testEach('segregated workers use one that is shared, and a key supplier decides who shares', async (isolation) => {
  const supplied = { workerKeySupplier: () => 'common' };
  for (const [options, state] of [[supplied, 'Hello'], [{}, '']] as const) {
    using broker = brokerFor(isolation, options);
    await broker.workerProxy<typeof One>(moduleUrl('sibling-one')).setState('Hello');
    assertEquals(await broker.workerProxy<typeof Two>(moduleUrl('sibling-two')).getState(), state);
  }
});

testEach('a module is imported anew in the worker it has, for whoever calls it from then on', async (isolation) => {
  using broker = brokerFor(isolation);
  const [before, caller] = [basics, [basics, 'caller'] as const].map((of) => broker.workerProxy<typeof Basics>(of));
  const worker = broker.getWorker(basics);
  await before!.setState('THIS');
  await caller!.hello('there');
  await broker.workerImport(basics);
  assertEquals(await before!.getState(), 'THIS');
  await broker.workerImport(basics, Date.now());
  const after = broker.workerProxy<typeof Basics>(basics);
  assertEquals([await after.getState(), await before!.getState()], [undefined, undefined]);
  assertEquals(broker.getWorker(basics) === worker, true);
  // Also when it is a module that calls.
  await after.setState('anew');
  assertEquals(await caller!.askOther(undefined as never, 'getState'), 'anew');
  assertEquals(/not found/.test(String(await rejection(broker.workerImport(moduleUrl('missing'), 1)))), true);
});

testEach('requests and responses travel whole, returned or thrown, through one module or two', async (isolation) => {
  using broker = brokerFor(isolation);
  for (const module of ['responses', 'proxy-responses']) {
    const responses = broker.workerProxy<typeof Responses>(moduleUrl(module));
    const returned = await responses.returnForbidden();
    assertEquals([returned.status, returned.headers.get('x-why'), await returned.text()], [403, 'because', 'no']);
    const thrown = await rejection(responses.throwForbidden());
    assertEquals([thrown instanceof Response, (thrown as Response).status], [true, 403]);
    const request = new Request('http://host/path', { method: 'POST', headers: { 'x-a': 'A' }, body: 'text' });
    assertEquals(await responses.describe(request), 'POST /path A text');
  }
});

testEach('what is around a call runs in its order, in an entry of the program', async (isolation) => {
  const entry = moduleUrl('advised-entry');
  using broker = isolation === 'Process' ? brokerFor(isolation, { entry }) : new WorkerBroker({
    workerConstructor: () => new Worker(entry, { type: 'module' }),
  });
  const said: unknown[] = [];
  broker.getWorker(basics).addEventListener('message', ({ data }) => {
    if (typeof data === 'string') said.push(data);
  });
  const { hello, bad } = broker.workerProxy<typeof Basics>(basics);
  await hello('there');
  await rejection(bad());
  await hello('there'); // what was posted before the result has come before it
  const around = ['beforeCall', 'afterCall'];
  assertEquals(said, ['initialCall hello', ...around, ...around, ...around]);
});

testEach('what fails before the first call fails the calls, and nothing else', async (isolation) => {
  using broker = brokerFor(isolation, { entry: moduleUrl('failing-entry') });
  const { hello } = broker.workerProxy<typeof Basics>(basics);
  for (const _ of [1, 2]) assertEquals(String(await rejection(hello('there'))), 'Error: nothing begins here');
});

testEach('the worker used least recently ends when there are too many', async (isolation) => {
  const events: string[] = [];
  const clean = cleaner({ workerCount: 2 });
  using broker = brokerFor(isolation, {
    workerCleaner: (event) => {
      if (event.type !== 'terminate') events.push(`${event.type} ${(event as WorkerEvent).segregationId}`);
      clean(event);
    },
  });
  const worker = (id: string) => broker.getWorker([basics, id]);
  const [one, two] = [worker('1'), worker('2')];
  assertEquals([worker('1') === one, worker('2') === two], [true, true]);
  worker('3');
  assertEquals([worker('2') === two, worker('1') === one], [true, false]);
  assertEquals(events.filter((event) => !event.startsWith('get')), [
    'create 1',
    'create 2',
    'create 3',
    'remove 1',
    'create 1',
    'remove 3',
  ]);
  assertEquals(await broker.workerFnProxy([basics, '2'], 'hello')('there'), 'Hello there');
});
