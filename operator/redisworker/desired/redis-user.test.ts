import { expect, it } from 'vitest';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { redisUser } from './redis-user.ts';

const userOf = (spec: object = {}, withheld: readonly string[] = [], db = 0) =>
  redisUser(observed(worker('w', withSpec({ type: 'w', ...spec }))).spec!.blueprint, {
    passwords: ['x'],
    address: { db, topology: { kind: 'Standalone' } },
    withheld,
  });
/** What scripts are called with opens nothing. */
const keysOf = (...args: Parameters<typeof userOf>) => {
  const { keys, selectors } = userOf(...args);
  const opening = selectors.filter(({ commands }) => commands.some((name) => name !== 'eval'));
  // Patterns of one length are there for speed, and part of another one.
  return [...new Set([...keys, ...opening.flatMap((one) => one.keys)])].filter((key) => !key.includes('??')).sort();
};

it('opens the keys of the worker, and replies and traces', () => {
  expect(keysOf()).toEqual([
    'req:*:h',
    'res:*',
    'w:*:h',
    'w:dead:x',
    'w:req:x',
    'w:req:x:worker:g',
    'w:res:x',
    'w:retry:z',
  ]);
  expect(keysOf({ runtime: 'Script' })).toEqual(['req:*:h', 'res:*', 'w:*:h', 'w:req:x', 'w:res:x']);
});

it('opens the channel by which a server tells what changes to those who listen to it', () => {
  expect(userOf().channels).toEqual([]);
  const thread = { name: 't', source: { inline: 'function main() {}' } };
  const scripts = { ...worker('w'), spec: { runtime: 'Hats', hats: { threads: [thread] } } };
  const { channels } = redisUser(observed(scripts).spec!.blueprint, {
    passwords: ['x'],
    address: { db: 0, topology: { kind: 'Standalone' } },
    withheld: [],
  });
  expect(channels).toEqual(['__redis__:invalidate']);
});

it('opens another database only where the pods have to select it', () => {
  expect(userOf().commands).not.toContain('select');
  expect(userOf({}, [], 3).commands).toContain('select');
});

it('opens keys and channels the spec names to ordinary commands, each kind to its own', () => {
  const of = (withheld: string[]) => {
    const { selectors } = userOf({ redis: { keys: ['cache:*', 'x'], channels: ['news:*'] } }, withheld);
    const ordinary = selectors.filter(({ commands }) => commands.includes('get') || commands.includes('publish'));
    return ordinary.map(({ keys, channels, commands }) => [
      keys,
      channels,
      commands.includes('get'),
      commands.includes('publish'),
    ]);
  };
  expect(of([])).toEqual([[['cache:*', 'x'], [], true, false], [[], ['news:*'], false, true]]);
  expect(of(['cache:*', 'news:*'])).toEqual([[['x'], [], true, false]]);
});

it("takes away what is named and is another worker's, with all that is made from it", () => {
  const stream = { request: 'other:req:x', response: 'odd[1]*' };
  expect(keysOf({ stream })).toEqual(expect.arrayContaining(['other:req:x', 'other:req:x:worker:g', 'odd\\[1\\]\\*']));
  expect(keysOf({ stream }, ['other:req:x', 'odd[1]*'])).toEqual([
    'req:*:h',
    'res:*',
    'w:*:h',
    'w:dead:x',
    'w:retry:z',
  ]);
});
