/** What a module that means no good gets done: nothing to others, in a process of its own nothing but its own end. */
import { eventually } from '../test/support/wait.ts';
import { assertEquals } from '../worker/testing/assert.ts';
import { frameOf, FrameReader } from './frames.ts';
import { BrokerError } from './mod.ts';
import type { ModuleProcess } from './module-process.ts';
import type * as Gateway from './testing/modules/gateway.ts';
import type * as Untrusted from './testing/modules/untrusted.ts';
import { brokerFor, moduleUrl, rejection, settingsFor, testEach } from './testing/support.ts';

const [basics, gateway, storage, untrusted] = ['basics', 'gateway', 'storage', 'untrusted'].map(moduleUrl) as [
  URL,
  URL,
  URL,
  URL,
];
const patience = 60_000;
const codeOf = (error: unknown): unknown => (error instanceof BrokerError ? error.code : error);

function testProcess(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

testEach('a module that posts calls in the name of another is taken for itself', async (isolation) => {
  using broker = brokerFor(isolation);
  const owner = broker.workerProxy<typeof Gateway>(gateway);
  await owner.keep('mine');
  const { forge } = broker.workerProxy<typeof Untrusted>(untrusted);
  await forge(gateway.href, storage.href, 'overwritten');
  const stored = broker.workerFnProxy(storage, 'get');
  await stored('last'); // what was forged came before
  assertEquals(await owner.last(), 'mine');
});

testEach('results nobody asked for, and messages that are none, change nothing', async (isolation) => {
  using broker = brokerFor(isolation);
  const module = broker.workerProxy<typeof Untrusted>(untrusted);
  const other = broker.workerFnProxy(basics, 'hello');
  await other('there');
  const waiting = rejection(broker.workerFnProxy(basics, 'never')());
  await module.forgeResults(); // they may stand for those of its own calls, and for no others
  await broker.workerProxy<typeof Untrusted>([untrusted, 'B']).malformed();
  assertEquals(await other('again'), 'Hello again');
  broker.terminate();
  assertEquals(codeOf(await waiting), 'Removed');
});

testEach('a message cannot reach the prototype of what others use', async (isolation) => {
  using broker = brokerFor(isolation);
  const got = await broker.workerProxy<typeof Untrusted>(untrusted).polluting() as object;
  assertEquals([Object.hasOwn(got, '__proto__'), 'polluted' in {}, 'polluted' in Object], [true, false, false]);
  assertEquals(await broker.workerFnProxy(basics, 'echo')(got) !== undefined, true);
  assertEquals('polluted' in {}, false);
});

testEach('a module that floods the broker is refused, and others are answered', async (isolation) => {
  using broker = brokerFor(isolation, { outgoing: 50 });
  const other = broker.workerFnProxy(basics, 'hello');
  const flooding = broker.workerProxy<typeof Untrusted>(untrusted).flood(basics.href, 5000);
  assertEquals(await other('there'), 'Hello there');
  const { done = 0, Overloaded = 0 } = await flooding;
  assertEquals([done + Overloaded, done >= 50, Overloaded > 0], [5000, true, true]);
});

testEach('a module calls what it may call alone', async (isolation) => {
  using broker = brokerFor(isolation, { mayCall: (target, name) => target.href === basics.href && name === 'count' });
  const attempt = broker.workerFnProxy<typeof Untrusted.attempt>(untrusted, 'attempt');
  assertEquals(await attempt('call', basics.href), 'BrokerError');
  assertEquals(
    await attempt('call', 'data:text/javascript,export const hello = () => Deno.env.toObject()'),
    'BrokerError',
  );
});

testProcess('in a process of its own a module reads, dials and runs what it was given, and nothing else', async () => {
  const server = (text: string) => Deno.serve({ port: 0, onListen: () => {} }, () => new Response(text));
  const [own, others] = [server('own'), server('others')];
  const [ownHost, otherHost] = [own, others].map(({ addr }) => `127.0.0.1:${addr.port}`) as [string, string];
  Deno.env.set('BROKER_TEST_SECRET', 'secret');
  using broker = brokerFor('Process', {
    mayCall: () => false,
    settingsOf: (_, id) => ({
      permissions: { ...settingsFor('Process').permissions, net: [id === 'other' ? otherHost : ownHost] },
    }),
  });
  const attempt = broker.workerFnProxy<typeof Untrusted.attempt>(untrusted, 'attempt');
  assertEquals(await attempt('fetch', `http://${ownHost}/`), 'got own');
  assertEquals(
    await broker.workerFnProxy([untrusted, 'other'], 'attempt')('fetch', `http://${otherHost}/`),
    'got others',
  );
  const refused: Record<string, string> = {};
  for (
    const [what, argument = ''] of [
      ['fetch', `http://${otherHost}/`],
      ['connect', `${others.addr.port}`],
      ['environ'],
      ['read', '/etc/passwd'],
      ['env', 'BROKER_TEST_SECRET'],
      ['run'],
      ['passwd'],
    ] as const
  ) refused[what] = await attempt(what, argument);
  assertEquals(refused, {
    fetch: 'NotCapable',
    connect: 'NotCapable',
    environ: 'NotCapable',
    read: 'NotCapable',
    env: 'NotCapable',
    run: 'NotCapable',
    passwd: 'TypeError',
  });
  assertEquals(await attempt('call', basics.href), 'BrokerError');
  assertEquals((await attempt('npm')).startsWith('got'), false);
  const leaking = broker.workerFnProxy(moduleUrl('static-leak'), 'leak');
  assertEquals(/Requires read access to "\/etc\/passwd"/.test(String(await rejection(leaking()))), true);
  await Promise.all([own.shutdown(), others.shutdown()]);
});

testProcess('processes of modules meet in no channel, no cache and no storage', async () => {
  using broker = brokerFor('Process');
  const [one, two] = [untrusted, [untrusted, 'B'] as const].map((of) => broker.workerProxy<typeof Untrusted>(of));
  await two!.listen();
  await one!.broadcast();
  await one!.attempt('keep', 'secret');
  await one!.attempt('store', 'secret');
  assertEquals([await two!.whatWasHeard(), (await two!.attempt('take')).includes('secret')], ['', false]);
});

testProcess('a process that fills its memory, kills itself or leaves ends alone, and its calls reject', async () => {
  using broker = brokerFor('Process', { memoryMiB: 32 });
  const module = broker.workerProxy<typeof Untrusted>(untrusted);
  const other = broker.workerFnProxy(basics, 'hello');
  const text = async (promise: Promise<unknown>) => {
    const error = await rejection(promise);
    return `${codeOf(error)}: ${error instanceof Error ? error.message.replace(/^.* ended: /, '') : ''}`;
  };
  assertEquals(await text(module.fill()), 'Crashed: its process had no memory left');
  assertEquals(await text(module.suicide()), 'Crashed: its process was ended by SIGKILL');
  assertEquals(await text(module.exit()), 'Crashed: its process ended with code 7');
  assertEquals(await module.whatWasHeard(), '');
  assertEquals(await other('there'), 'Hello there');
});

testProcess('no process is left when the broker is terminated, or has ended without a word', async () => {
  const broker = brokerFor('Process');
  await broker.workerFnProxy(basics, 'hello')('there');
  const { pid } = broker.getWorker(basics) as ModuleProcess;
  broker.terminate();
  await eventually('it has ended', () => !isRunning(pid), patience);
  const program = `import { brokerFor, moduleUrl } from '${new URL('./testing/support.ts', import.meta.url)}';
    const broker = brokerFor('Process');
    await broker.workerFnProxy(moduleUrl('basics'), 'hello')('there');
    console.log(broker.getWorker(moduleUrl('basics')).pid);
    Deno.kill(Deno.pid, 'SIGKILL');`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ['run', '-A', '--no-check', '--quiet', `data:application/typescript,${encodeURIComponent(program)}`],
    stderr: 'null',
  });
  const left = Number(new TextDecoder().decode((await child.output()).stdout));
  assertEquals(left > 0, true);
  await eventually('it has ended as well', () => !isRunning(left), patience);
});

Deno.test('bytes that are no frames are refused, and a frame is found however it is cut', () => {
  const value = {
    text: 'ü',
    map: new Map([[1, new Uint8Array([1, 2])]]),
    own: JSON.parse('{"__proto__":1}') as unknown,
  };
  const bytes = frameOf(value);
  const found: unknown[] = [];
  const reader = new FrameReader();
  const room = new Uint8Array(5); // as pipes are read: the same memory again and again
  for (const size of [1, room.length]) {
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      room.set(piece);
      found.push(...reader.read(room.subarray(0, piece.length)));
    }
  }
  assertEquals(found.length, 2);
  assertEquals(Deno.inspect(found[1]), Deno.inspect(value));
  for (const wrong of hostileTexts) {
    const text = new TextEncoder().encode(wrong);
    const frame = new Uint8Array([...lengths(4 + text.length, text.length), ...text]);
    let refused = false;
    try {
      for (const got of new FrameReader().read(frame)) assertEquals(Object.getPrototypeOf(got), Object.prototype);
    } catch {
      refused = true;
    }
    assertEquals([wrong, refused], [wrong, !wrong.startsWith('j{')]);
  }
  assertThrowsRange(lengths(2 ** 31, 4));
  assertThrowsRange(lengths(8, 2 ** 31, 0));
});

const hostileTexts = [
  'j{"__proto__":{"a":1}}',
  'j',
  'n{}',
  'n[["object","a",7]]',
  'n[["view","constructor",0]]',
  'n[["buffer",0]]',
  'n[["regexp","(","g"]]',
  'n[["bigint","x"]]',
  'n[["other"]]',
];

function lengths(...numbers: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, at) => view.setUint32(4 * at, number));
  return new Uint8Array(view.buffer);
}

function assertThrowsRange(bytes: Uint8Array): void {
  try {
    [...new FrameReader().read(bytes)];
  } catch (error) {
    return assertEquals(error instanceof RangeError, true);
  }
  throw new Error('it was taken');
}

function isRunning(pid: number): boolean {
  try {
    return !Deno.readTextFileSync(`/proc/${pid}/stat`).includes(') Z ');
  } catch {
    return false;
  }
}
