import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HostPort } from '../../../contract/host-port.ts';
import { afterAnswer, decodeRoster, encodeRoster, goneAfterMs, type Roster, rosterOf } from './redis-roster.ts';
import { canonicalServers } from './redis-servers.ts';

const [a, b, c] = ['a', 'b', 'c'].map((host): HostPort => ({ host, port: 6379 })) as [HostPort, HostPort, HostPort];
const namesOf = ({ members }: Roster) => textOf(members);
const textOf = (servers: readonly HostPort[]) => canonicalServers(servers).map(({ host }) => host).join('');
const nobody = rosterOf([]);

/** The roster after the same answer every half minute for so long. */
function after(roster: Roster, named: readonly HostPort[], ms: number): Roster {
  const begin = roster.at ?? 0;
  const times = Array.from({ length: Math.ceil(ms / 30_000) }, (_, at) => begin + Math.min((at + 1) * 30_000, ms));
  return times.reduce((known, at) => afterAnswer(known, named, at), roster);
}

test('a failover between known members changes nothing, and a new member is there at once', () => {
  const before = afterAnswer(nobody, [a, b], 0);
  expect(namesOf(afterAnswer(before, [b, a], 1))).toBe('ab');
  expect(namesOf(afterAnswer(before, [b, a, c], 1))).toBe('abc');
});

test('a member that answers leave out stays for an hour of answers, and begins anew when it is named again', () => {
  const before = afterAnswer(nobody, [a, b], 0);
  expect(namesOf(after(before, [a], goneAfterMs - 1))).toBe('ab');
  expect(namesOf(after(before, [a], goneAfterMs))).toBe('a');
  const back = after(after(before, [a], goneAfterMs - 1), [a, b], 30_000);
  expect(namesOf(after(back, [a], goneAfterMs - 1))).toBe('ab');
});

test('silence makes nobody older, and the same answer counts once', () => {
  const before = afterAnswer(afterAnswer(nobody, [a, b], 0), [a], 1000);
  expect(namesOf(afterAnswer(before, [a], 10 * goneAfterMs))).toBe('ab');
  expect(afterAnswer(before, [a], 1000)).toBe(before);
});

test('no order of partial answers within the hour loses a member that any of them named', () => {
  const answers = fc.array(fc.tuple(fc.subarray([a, b, c]), fc.integer({ min: 0, max: goneAfterMs - 1 })));
  fc.assert(fc.property(answers, (given) => {
    const inTime = [...new Map(given.map(([named, at]) => [at, named]))].sort(([one], [other]) => one - other);
    const roster = inTime.reduce((known, [at, named]) => afterAnswer(known, named, at), nobody);
    expect(namesOf(roster)).toBe(textOf(inTime.flatMap(([, named]) => named)));
  }));
});

test('the members are remembered for the Redis they are of, and nonsense is not', () => {
  const url = 'redis+cluster://a:6379';
  const annotation = encodeRoster(url, [b, a, { host: 'fd00::1', port: 7000 }]);
  expect(annotation).toBe('{"redis":"redis+cluster://a:6379","members":["[fd00::1]:7000","a:6379","b:6379"]}');
  expect(decodeRoster(annotation, url)).toEqual([{ host: 'fd00::1', port: 7000 }, a, b]);
  expect(decodeRoster(annotation, 'redis+cluster://other:6379')).toEqual([]);
  expect(encodeRoster(url, [])).toBeUndefined();
  for (const text of [undefined, '', '{}', '[]', 'null', `{"redis":"${url}","members":7}`]) {
    expect(decodeRoster(text, url)).toEqual([]);
  }
  expect(decodeRoster(`{"redis":"${url}","members":[7,"no host:1","a:6379"]}`, url)).toEqual([a]);
});
