import { assertEquals } from '../testing/assert.ts';
import { RedisError } from './resp.ts';
import { readSlots, redirectionIn } from './slot-map.ts';

const asked = { host: 'seed.test', port: 7000 };
const at = (host: string, port: number) => ({ host, port });

Deno.test('the owner of a key is the master of its slot', () => {
  const map = readSlots([
    [0, 8191, ['10.0.0.1', 6379, 'id1'], ['10.0.0.3', 6379, 'id3']],
    [8192, 16_383, ['10.0.0.2', 6380, 'id2']],
  ], asked);
  assertEquals([map?.ownerOf('bar'), map?.ownerOf('foo')], [at('10.0.0.1', 6379), at('10.0.0.2', 6380)]);
  assertEquals(map?.nodes(), [at('10.0.0.1', 6379), at('10.0.0.2', 6380)]);
});

Deno.test('a node that does not know its own name is where it was asked', () => {
  for (const name of ['', null, '?']) {
    assertEquals(readSlots([[0, 16_383, [name, 7001]]], asked)?.ownerOf('foo'), at('seed.test', 7001));
  }
});

Deno.test('a slot nobody serves has no owner, and what is no map is none', () => {
  assertEquals(readSlots([[0, 100, ['h', 1]]], asked)?.ownerOf('foo'), undefined);
  for (const reply of [[], null, 'OK', [[0, 16_384, ['h', 1]]], [[0, 5, ['h', 'x']]], [[3, 1, ['h', 1]]]]) {
    assertEquals(readSlots(reply, asked), undefined);
  }
});

Deno.test('a slot that has moved is found at its new owner', () => {
  const map = readSlots([[0, 16_383, ['h', 1]]], asked);
  map?.correct(12_182, at('h', 2));
  assertEquals([map?.ownerOf('foo'), map?.ownerOf('bar')], [at('h', 2), at('h', 1)]);
});

Deno.test('a redirection says how long, which slot and where to', () => {
  const read = (message: string) => redirectionIn(new RedisError(message), asked);
  assertEquals(read('MOVED 3999 127.0.0.1:6381'), { kind: 'Moved', slot: 3999, server: at('127.0.0.1', 6381) });
  assertEquals(read('ASK 3999 ::1:6381'), { kind: 'Ask', slot: 3999, server: at('::1', 6381) });
  assertEquals(read('MOVED 3999 :6381'), { kind: 'Moved', slot: 3999, server: at('seed.test', 6381) });
});

Deno.test('what is no redirection leads nowhere', () => {
  for (const message of ['CLUSTERDOWN The cluster is down', 'TRYAGAIN', 'MOVED 1', 'MOVED 99999 h:1', 'ASK 1 h:0']) {
    assertEquals(redirectionIn(new RedisError(message), asked), undefined);
  }
  assertEquals(redirectionIn('MOVED 3999 127.0.0.1:6381', asked), undefined);
});
