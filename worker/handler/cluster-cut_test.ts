import { assertEquals } from '../testing/assert.ts';
import { cutCommands } from './cluster-cut.ts';

const isElsewhere = (key: string) => !key.startsWith('{demo}');

Deno.test('what lies with the own keys stays together, in its order', () => {
  const [response, retry] = [['XADD', '{demo}:res:x', '*', 'ref', 'r'], ['ZADD', '{demo}:retry:z', 1, 'm']] as const;
  assertEquals(cutCommands([response, retry], isElsewhere), { own: [response, retry], elsewhere: [] });
});

Deno.test('what lies elsewhere is one command for each key, of which both parts happen or neither', () => {
  const response = ['XADD', '{demo}:res:x', '*', 'ref', 'r'] as const;
  const { own, elsewhere } = cutCommands([
    ['LPUSH', 'res:r', 'json'],
    ['EXPIRE', 'res:r', 8],
    response,
    ['HSET', 'req:r:h', 'demoTrace', '{}'],
  ], isElsewhere);
  assertEquals(own, [response]);
  assertEquals(elsewhere.map(({ key }) => key), ['res:r', 'req:r:h']);
  const [reply, trace] = elsewhere.map(({ command }) => command);
  assertEquals([reply?.[0], ...reply?.slice(2) ?? []], [
    'EVAL',
    1,
    'res:r',
    3,
    'LPUSH',
    'res:r',
    'json',
    'EXPIRE',
    'res:r',
    8,
  ]);
  assertEquals(trace, ['HSET', 'req:r:h', 'demoTrace', '{}']);
});
