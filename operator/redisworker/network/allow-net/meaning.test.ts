import { describe, expect, test } from 'vitest';
import { topologyWith } from '../../../../test/support/topology.ts';
import { parseScope } from './canonical.ts';
import { translateForCilium } from './cilium-translate.ts';
import type { Scope } from './entry.ts';
import { meaningsOf, outsideHosts, requiredServices, servicesOf } from './meaning.ts';
import { resolvePublic } from './outside.ts';
import { translate } from './translate.ts';

const alias = (externalName: string) => ({ type: 'ExternalName', externalName, ports: [] });
const headless = { type: 'ClusterIP', clusterIP: 'None', selector: { app: 'peer' }, ports: [] };
/** `db.data` is the pod `db` behind app/data or, when there is none, the alias data/db. */
const topology = {
  ...topologyWith('app', {
    'app/data': headless,
    'data/db': alias('db.example.com'),
    'app/first': alias('db-0.peers.data.svc.cluster.local'),
    'data/peers': headless,
  }),
  outsideAddresses: () => ['203.0.113.7'],
};

function scopeOf(...entries: string[]): Scope {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.scope;
}

describe('a name that may be that of a pod, and an ExternalName when there is no such pod', () => {
  const scope = scopeOf('db.data:5432');

  test('means both', () => {
    expect(meaningsOf('db.data', topology)).toEqual([
      { kind: 'service', ref: { namespace: 'app', name: 'data' }, ofPod: true },
      { kind: 'outside', host: 'db.example.com', via: { namespace: 'data', name: 'db' } },
    ]);
    expect([servicesOf(scope, topology), outsideHosts(scope, topology)]).toEqual([
      [{ namespace: 'app', name: 'data' }],
      ['db.example.com'],
    ]);
  });

  test('opens both, and tells of each in its own way', () => {
    const { rules, approximations } = translate(scope, [], topology);
    expect(rules.flatMap(({ to }) => to.map((peer) => Object.keys(peer).at(-1)))).toEqual(
      expect.arrayContaining(['podSelector', 'ipBlock']),
    );
    expect(approximations).toEqual([
      {
        entry: 'db.data:5432',
        reason: expect.stringMatching(/one pod of the headless Service app\/data, .*: all its pods are opened$/),
      },
      {
        entry: 'db.data:5432',
        reason: expect.stringContaining('db.example.com is a name outside'),
        by: 'NameResolved',
      },
    ]);
    expect(translate(scope, [], topology, { ...resolvePublic, mode: 'Refuse' }).refusals).toHaveLength(1);
  });

  test('under Cilium opens the pods and the name', () => {
    const { openings, approximations } = translateForCilium(scope, [], topology);
    expect(openings.map(({ peer }) => Object.keys(peer)[0])).toEqual(['endpoint', 'fqdn']);
    expect(approximations).toEqual([{
      entry: 'db.data:5432',
      reason: expect.stringContaining('all its pods are opened'),
    }]);
  });
});

test('an alias of one pod opens all pods behind its Service, and that is told', () => {
  expect(translate(scopeOf('first:1'), [], topology).approximations).toEqual([{
    entry: 'first:1',
    reason: expect.stringContaining('one pod of the headless Service data/peers'),
  }]);
  expect(requiredServices(scopeOf('first'), topology)).toEqual([{ namespace: 'app', name: 'first' }, {
    namespace: 'data',
    name: 'peers',
  }]);
});
