import { expect, test } from 'vitest';
import { type Command, keyOf } from './command-key.ts';

test.each<[Command, string | undefined]>([
  [['GET', 'k'], 'k'],
  [['xadd', 's', '*', 'ref', 'r'], 's'],
  [['XINFO', 'GROUPS', 's'], 's'],
  [['XGROUP', 'CREATE', 's', 'g', '0'], 's'],
  [['EVALSHA', 'digest', 2, 'one', 'other', 'argument'], 'one'],
  [['XREAD', 'COUNT', 5, 'BLOCK', 0, 'STREAMS', 's', '0'], 's'],
  [['XREADGROUP', 'GROUP', 'streams-of', 'me', 'STREAMS', 's', '>'], 's'],
  [['TIME'], undefined],
  [['ACL', 'GETUSER', 'u'], undefined],
])('the key of %j is %s', (command, key) => {
  expect(keyOf(command)).toBe(key);
});
