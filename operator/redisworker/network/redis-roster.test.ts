import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HostPort } from '../../../contract/host-port.ts';
import { afterAnswer, decodeRoster, encodeRoster, goneAfterMs, type Member } from './redis-roster.ts';
import { canonicalServers } from './redis-servers.ts';

const [a, b, c] = ['a', 'b', 'c'].map((host): HostPort => ({ host, port: 6379 })) as [HostPort, HostPort, HostPort];
const namesOf = (roster: readonly Member[]) => canonicalServers(roster).map(({ host }) => host).join('');

test('a failover between known members changes nothing, and a new member is there at once', () => {
  const before = afterAnswer([], [a, b], 0);
  expect(namesOf(afterAnswer(before, [b, a], 1))).toBe('ab');
  expect(namesOf(afterAnswer(before, [b, a, c], 1))).toBe('abc');
});

test('a member that answers leave out stays for an hour of answers, and begins anew when it is named again', () => {
  const missing = afterAnswer(afterAnswer([], [a, b], 0), [a], 1000);
  expect(namesOf(afterAnswer(missing, [a], 999 + goneAfterMs))).toBe('ab');
  expect(namesOf(afterAnswer(missing, [a], 1000 + goneAfterMs))).toBe('a');
  const back = afterAnswer(missing, [a, b], goneAfterMs);
  expect(namesOf(afterAnswer(back, [a], 2 * goneAfterMs))).toBe('ab');
});

test('a Redis that was silent for long has nobody gone by its first answer', () => {
  const before = afterAnswer([], [a, b], 0);
  expect(namesOf(afterAnswer(before, [a], 10 * goneAfterMs))).toBe('ab');
});

test('no order of partial answers within the hour loses a member that any of them named', () => {
  const answers = fc.array(fc.tuple(fc.subarray([a, b, c]), fc.integer({ min: 0, max: goneAfterMs - 1 })));
  fc.assert(fc.property(answers, (given) => {
    const inTime = given.sort(([, one], [, other]) => one - other);
    const roster = inTime.reduce<readonly Member[]>((known, [named, at]) => afterAnswer(known, named, at), []);
    expect(namesOf(roster)).toBe(namesOf(given.flatMap(([named]) => named)));
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
