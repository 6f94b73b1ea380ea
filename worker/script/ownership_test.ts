import { assertEquals } from '../testing/assert.ts';
import { mayTake } from './ownership.ts';

Deno.test('a hash without a process may be taken, whoever owned it last', () => {
  assertEquals(mayTake({ pid: undefined, owner: undefined }, 'me'), true);
  assertEquals(mayTake({ pid: undefined, owner: 'other' }, 'me'), true);
});

Deno.test('a process of this very pod is a previousConnections one: the hash may be taken', () => {
  assertEquals(mayTake({ pid: '7', owner: 'me' }, 'me'), true);
});

Deno.test('a process of another pod, or of nobody known, keeps the hash', () => {
  assertEquals(mayTake({ pid: '7', owner: 'other' }, 'me'), false);
  assertEquals(mayTake({ pid: '7', owner: undefined }, 'me'), false);
});
