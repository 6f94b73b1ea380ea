import { assertEquals, assertThrows } from '../testing/assert.ts';
import { parseAddress, parseArguments } from './arguments.ts';

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
});

Deno.test('an address is a host, in brackets when it is IPv6, and a port', () => {
  assertEquals(parseAddress('0.0.0.0:8085', 'HEALTH_ADDRESS'), { hostname: '0.0.0.0', port: 8085 });
  assertEquals(parseAddress('[::1]:1', 'HEALTH_ADDRESS'), { hostname: '::1', port: 1 });
  for (const wrong of ['', 'host', ':80', 'host:0', 'host:65536', '::1:80', 'a b:80']) {
    assertThrows(() => parseAddress(wrong, 'HEALTH_ADDRESS'), /HEALTH_ADDRESS must be host:port/);
  }
});
