import { expect, test } from 'vitest';
import type { HostPort } from '../../contract/host-port.ts';
import { namedMasters } from './sentinel.ts';

const sentinels = ['a', 'b', 'c'].map((host) => ({ host, port: 26_379 }));
const at = (host: string): HostPort => ({ host, port: 6379 });

/** What each Sentinel says; one that is left out never answers. */
const asking = (says: Readonly<Record<string, string | Error>>) =>
  namedMasters(sentinels, ({ host }) => {
    const said = says[host];
    if (said instanceof Error) return Promise.reject(said);
    return said === undefined ? new Promise(() => undefined) : Promise.resolve(at(said));
  });

test('the server most Sentinels name comes first, whoever answers first', async () => {
  expect((await asking({ a: 'old', b: 'new', c: 'new' })).named).toEqual([at('new'), at('old')]);
});

test('more than half of them decide, without waiting for one that does not answer', async () => {
  expect(await asking({ b: 'new', c: 'new' })).toEqual({ named: [at('new')], faults: [] });
});

test('with too few to decide, all that is said is told, and why others said nothing', async () => {
  const [one, other] = [new Error('gone'), new Error('knows no such set')];
  expect(await asking({ a: one, b: 'new', c: other })).toEqual({ named: [at('new')], faults: [one, other] });
});
