/** Modules of one trust domain that call each other often do so without the broker between them, and are told the same. */
import { assertEquals } from '../worker/testing/assert.ts';
import { BrokerError, type WorkerBroker, type WorkerBrokerOptions } from './mod.ts';
import type * as Basics from './testing/modules/basics.ts';
import { brokerFor, moduleUrl, rejection } from './testing/support.ts';

const basics = moduleUrl('basics');
const often = 30;

function testLink(name: string, options: WorkerBrokerOptions, run: (linked: Linked) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      using broker = brokerFor('Worker', options);
      const { askOther } = broker.workerProxy<typeof Basics>([basics, 'A']);
      const ask = (functionName: string, ...args: unknown[]) => askOther('B', functionName, ...args);
      for (let at = 0; at < often; at++) assertEquals(await ask('echo', at), at);
      await run({ broker, ask, relayed: () => relayedTo(broker, 'B') });
    },
  });
}

interface Linked {
  readonly broker: WorkerBroker;
  /** A calls B. */
  ask(functionName: string, ...args: unknown[]): Promise<unknown>;
  /** Calls of B that went through the broker. */
  relayed(): number;
}

function relayedTo(broker: WorkerBroker, id: string): number {
  return broker.workers().find(({ segregationId }) => segregationId === id)?.calls ?? 0;
}

testLink(
  'the first calls go through the broker, further ones do not, and the caller is who it is',
  {},
  async (linked) => {
    const { ask, relayed } = linked;
    assertEquals(relayed() < 12, true);
    const before = relayed();
    assertEquals(await ask('whoCalls'), [basics.href, 'A']);
    const failed = await rejection(ask('bad')) as Error;
    assertEquals([failed.message, (failed.cause as Error).name], ['this is bad', 'RangeError']);
    assertEquals(((await rejection(ask('none-such'))) as BrokerError).code, 'FunctionNotFound');
    assertEquals(((await rejection(ask('returnFunction'))) as Error).name, 'DataCloneError');
    assertEquals(await (await ask('echo', new Response('streamed')) as Response).text(), 'streamed');
    assertEquals(await Promise.all([1, 2, 3].map(() => ask('count'))), [1, 2, 3]);
    assertEquals(relayed(), before);
  },
);

testLink(
  'calls over a channel reject when the module called is removed or crashes, and the next reach a new one',
  {},
  async ({ broker, ask }) => {
    const removed = rejection(ask('never'));
    await ask('setState', 'before');
    broker.removeWorker([basics, 'B']);
    assertEquals((await removed as BrokerError).code, 'Removed');
    assertEquals(await ask('getState'), undefined);
    for (let at = 0; at < often; at++) await ask('count');
    const crashed = rejection(ask('never'));
    await ask('failLater');
    assertEquals((await crashed as BrokerError).code, 'Crashed');
    assertEquals(await ask('count'), 1);
  },
);

testLink('a module that was imported anew is called anew', {}, async ({ broker, ask, relayed }) => {
  const before = relayed();
  await ask('setState', 'old');
  await broker.workerImport([basics, 'B'], 'fresh');
  assertEquals(await ask('getState'), undefined);
  assertEquals(relayed() > before, true);
});

testLink(
  'a module that is retired has its time for calls under way, and further ones reach a new one',
  {},
  async (linked) => {
    const { broker, ask } = linked;
    await ask('setState', 'old');
    const lost = rejection(ask('never'));
    await ask('count');
    broker.retireWorker([basics, 'B'], 300);
    assertEquals(await ask('getState'), undefined);
    assertEquals((await lost as BrokerError).code, 'Removed');
  },
);

testLink('what bounds or watches calls keeps them with the broker', { concurrency: 100 }, async ({ ask, relayed }) => {
  assertEquals([relayed(), await ask('count'), relayed()], [often, 1, often + 1]);
});

Deno.test({
  name: 'a module cannot say that there is a channel, nor end one of others',
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using broker = brokerFor('Worker');
    const { askOther, hello } = broker.workerProxy<typeof Basics>([basics, 'A']);
    for (let at = 0; at < often; at++) await askOther('B', 'count');
    const forging = `postMessage({ broker: 'redisworker.broker/1', message: { kind: 'unlink', link: 0, values: [1] } });
      postMessage({ broker: 'redisworker.broker/1', message: { kind: 'link', link: 0, role: 'called', target: 'x' } });
      export const done = () => true;`;
    const forger = `data:text/javascript,${encodeURIComponent(forging)}`;
    assertEquals(await broker.workerFnProxy(forger, 'done')(), true);
    assertEquals([await askOther('B', 'count'), await hello('there')], [often + 1, 'Hello there']);
  },
});
