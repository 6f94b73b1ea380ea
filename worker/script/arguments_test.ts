import { assertEquals, assertThrows } from '../testing/assert.ts';
import { parseArguments } from './arguments.ts';

Deno.test('the command line names the hash, where to forward and the child', () => {
  const args = ['demo:1:h', '--forward=127.0.0.1:6379', '--', 'deno', 'run', '--', 'x'];
  assertEquals(parseArguments(args), {
    hashKey: 'demo:1:h',
    forward: { hostname: '127.0.0.1', port: 6379 },
    command: ['deno', 'run', '--', 'x'],
  });
});

Deno.test('without options there is no forwarding', () => {
  assertEquals(parseArguments(['demo:1:h', '--', 'deno']), { hashKey: 'demo:1:h', command: ['deno'] });
});

Deno.test('a command line that is not understood is refused with the reason and the usage', () => {
  assertThrows(() => parseArguments([]), /the config hash key is missing; usage: /);
  assertThrows(() => parseArguments(['--', 'deno']), /the config hash key is missing/);
  assertThrows(() => parseArguments(['demo:1:h', '--']), /the command of the child is missing/);
  assertThrows(
    () => parseArguments(['demo:1:h', 'deno', 'run']),
    /the config hash key is missing|the command of the child is missing/,
  );
  assertThrows(() => parseArguments(['demo:1:h', '--fast', '--', 'deno']), /the option "--fast" is unknown/);
  assertThrows(
    () => parseArguments(['demo:1:h', '--forward=6379', '--', 'deno']),
    /--forward must be host:port, not "6379"/,
  );
});
