import { separateClaimed } from './claim.ts';
import { assertEquals } from '../testing/assert.ts';

const entry = (id: string, idleMs: number, deliveries: number) => [id, ['ref', id], idleMs, deliveries];

Deno.test('tells entries that were taken over from those nobody has had', () => {
  const fresh = [entry('3-0', 0, 0), entry('4-0', 0, 0)];
  const reply = [['s', [entry('1-0', 60_000, 2), entry('2-0', 61_000, 1), ...fresh]]];
  assertEquals(separateClaimed(reply), {
    fresh: [['s', fresh]],
    claimed: [{ id: '1-0', deliveries: 2 }, { id: '2-0', deliveries: 1 }],
  });
  assertEquals(separateClaimed([['s', fresh]]), { fresh: [['s', fresh]], claimed: [] });
  assertEquals(separateClaimed([['s', [['3-0', ['ref', 'x']]]]]), {
    fresh: [['s', [['3-0', ['ref', 'x']]]]],
    claimed: [],
  });
  assertEquals(separateClaimed(null), { fresh: null, claimed: [] });
});

Deno.test('an entry that was released without ever having run was taken over too', () => {
  const released = entry('1-0', 604_800_000, 0);
  assertEquals(separateClaimed([['s', [released]]]), { fresh: [['s', []]], claimed: [{ id: '1-0', deliveries: 0 }] });
});
