import { assertEquals } from '../testing/assert.ts';
import { fullMessage, messageOf, positionOf, shown, stackOf } from './foreign.ts';
import { oddValues } from '../testing/odd-values.ts';

Deno.test('whatever is thrown has a message, in one line or whole', () => {
  assertEquals(
    [
      new Error('a\nb'),
      new TypeError(),
      'text',
      undefined,
      { a: 1 },
      Object.assign(new Error('x'), { message: { code: 42 } }),
      Object.assign(new Error('x'), { message: 5 }),
      Object.assign(new Error('kept'), { name: null }),
    ]
      .map(messageOf),
    ['a', 'TypeError', 'text', 'undefined', '{ a: 1 }', '{ code: 42 }', '5', 'kept'],
  );
  assertEquals(fullMessage(new Error('a\nb')), 'a\nb');
  assertEquals(fullMessage(new Error('x'.repeat(1_000_000))).length, 4096);
});

Deno.test('reading a value that is not ours never throws, and what is read is text', () => {
  for (const value of oddValues(2000)) {
    const read = [messageOf(value), fullMessage(value), stackOf(value) ?? '', positionOf(value) ?? '', shown(value)];
    assertEquals(read.map((text) => typeof text), ['string', 'string', 'string', 'string', 'string']);
  }
});

Deno.test('a stack names the file as its author knows it, and leaves our own frames out', () => {
  const error = new Error('broken');
  const ours = new URL('../handler/executor.ts', import.meta.url).href;
  error.stack =
    `Error: broken\n    at charge (file:///tmp/x/run/source/worker.ts:16:22)\n    at Executor (${ours}:1:2)\n    at file:///tmp/x/run/source/worker.ts:3:1`;
  assertEquals(stackOf(error), 'Error: broken\n    at charge (worker.ts:16:22)\n    at worker.ts:3:1');
  assertEquals(positionOf(error), 'worker.ts:16:22');
  const bundled = new Error('broken');
  bundled.stack = 'Error: broken\n    at hello (file:///a/root/run/redisworker/source/lib/hello.ts:3:9)';
  assertEquals([stackOf(bundled), positionOf(bundled)], [
    'Error: broken\n    at hello (lib/hello.ts:3:9)',
    'lib/hello.ts:3:9',
  ]);
});

Deno.test('a refusal is told in the words of the manifest, also where it is only the cause', () => {
  const refusal = new Error('Requires net access to "a.test:443", run again with the --allow-net flag');
  const told = 'Requires net access to "a.test:443": add a.test:443 to spec.permissions.net';
  assertEquals(messageOf(refusal), told);
  assertEquals(messageOf(new TypeError('fetch failed', { cause: refusal })), `fetch failed: ${told}`);
  assertEquals(messageOf(new TypeError('fetch failed', { cause: new Error('reset') })), 'fetch failed');
});
