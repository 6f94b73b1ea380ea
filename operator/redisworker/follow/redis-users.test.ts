import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { targetAt } from '../../../test/support/redis-target.ts';
import type { UserList } from '../../redis/acl.ts';
import { RedisUsers } from './redis-users.ts';

/** A server that tells of these users, and how often it was read user by user. */
class Listing {
  lines: Record<string, string> = {};
  readByName = 0;
  readonly users = {
    lists: () =>
      Promise.resolve([
        {
          digest: JSON.stringify(this.lines),
          byName: () => {
            this.readByName++;
            return new Map(Object.entries(this.lines));
          },
        } satisfies UserList,
      ]),
  };
}

const place = { target: targetAt({}), servers: [] };

function watching(listing: Listing) {
  const clock = new ManualClock();
  const looked: string[] = [];
  const watch = new RedisUsers({ users: listing.users, clock, enqueue: (key) => looked.push(key) });
  const pass = async () => {
    looked.length = 0;
    await clock.advance(4000);
    return [...looked];
  };
  watch.keep('n/a', place, 'rw-a');
  watch.keep('n/b', place, 'rw-b');
  return { watch, pass };
}

test('while a server says the same of all users nobody is compared, and whoever is changed or taken away is looked at', async () => {
  const listing = new Listing();
  listing.lines = { 'rw-a': '1', 'rw-b': '1', other: '1' };
  const { watch, pass } = watching(listing);
  expect(await pass()).toEqual([]);
  expect([await pass(), await pass(), listing.readByName]).toEqual([[], [], 1]);
  listing.lines = { ...listing.lines, 'rw-b': '2', other: '2' };
  expect(await pass()).toEqual(['n/b']);
  listing.lines = { 'rw-b': '2' };
  expect(await pass()).toEqual(['n/a']);
  expect(await pass()).toEqual(['n/a']); // until it is there
  watch.close();
});

test('a worker that comes is compared although the server says the same', async () => {
  const listing = new Listing();
  listing.lines = { 'rw-a': '1', 'rw-b': '1' };
  const { watch, pass } = watching(listing);
  await pass();
  watch.keep('n/c', place, 'rw-c');
  expect(await pass()).toEqual(['n/c']);
  watch.close();
});
