import { describe, expect, it } from 'vitest';
import { nodesOfShards, nodesOfSlots, serverOfMaster, serversOfList } from './members.ts';

const plain = { host: 'asked.example.com', tls: false };

describe('the nodes of a Cluster', () => {
  const node = (fields: Record<string, unknown>) => Object.entries(fields).flat();
  const shards = (...nodes: Record<string, unknown>[]) => [['slots', [0, 16_383], 'nodes', nodes.map(node)]];

  it('are those a client is sent to, replicas and those that have failed among them', () => {
    const reply = shards(
      { id: 'a', port: 7000, ip: '10.0.0.1', endpoint: '10.0.0.1', role: 'master', health: 'online' },
      { id: 'b', port: 7001, ip: '10.0.0.2', endpoint: 'B.Example.com', hostname: 'B.Example.com', role: 'replica' },
      { id: 'c', port: 7002, ip: 'fd00::3', endpoint: 'fd00::3', role: 'replica', health: 'failed' },
    );
    expect(nodesOfShards(reply, plain)).toEqual([
      { host: '10.0.0.1', port: 7000 },
      { host: 'b.example.com', port: 7001 },
      { host: 'fd00::3', port: 7002 },
    ]);
  });

  it('are those without slots too', () => {
    const reply = [['slots', [], 'nodes', [node({ port: 7003, endpoint: '10.0.0.4' })]]];
    expect(nodesOfShards(reply, plain)).toEqual([{ host: '10.0.0.4', port: 7003 }]);
  });

  it('have the port of TLS where that is spoken', () => {
    const reply = shards({ port: 7000, 'tls-port': 17_000, endpoint: 'a' }, { 'tls-port': 17_001, endpoint: 'b' });
    expect(nodesOfShards(reply, { ...plain, tls: true })).toEqual([
      { host: 'a', port: 17_000 },
      { host: 'b', port: 17_001 },
    ]);
    expect(nodesOfShards(reply, plain)).toEqual([{ host: 'a', port: 7000 }]);
  });

  it.each([null, '', '?'])('are where the client has come by, when their host is %o', (endpoint) => {
    expect(nodesOfShards(shards({ port: 7000, endpoint }), plain)).toEqual([{ host: 'asked.example.com', port: 7000 }]);
    expect(nodesOfSlots([[0, 1, [endpoint, 7000, 'id']]], plain)).toEqual([{ host: 'asked.example.com', port: 7000 }]);
  });

  it('are read from an older server by its slots', () => {
    const reply = [
      [0, 100, ['10.0.0.1', 7000, 'id', []], ['10.0.0.2', 7001, 'id', []]],
      [101, 16_383, ['10.0.0.3', 7002, 'id']],
    ];
    expect(nodesOfSlots(reply, plain).map(({ port }) => port)).toEqual([7000, 7001, 7002]);
  });
});

describe('the servers of a Sentinel', () => {
  it('are the master, its replicas and the other Sentinels, well or not', () => {
    expect(serverOfMaster(['name', 'mymaster', 'ip', '10.0.0.1', 'port', '6379', 'flags', 'master,o_down'])).toEqual([
      { host: '10.0.0.1', port: 6379 },
    ]);
    expect(serversOfList([
      ['name', '10.0.0.2:6379', 'ip', '10.0.0.2', 'port', '6379', 'flags', 's_down,slave'],
      ['name', 'x', 'ip', 'Redis-1.Example.com', 'port', '26379', 'flags', 'sentinel'],
    ])).toEqual([{ host: '10.0.0.2', port: 6379 }, { host: 'redis-1.example.com', port: 26_379 }]);
  });
});

it.each([
  ['nonsense', 7],
  ['nil', null],
  ['a host nobody can dial', [['slots', [], 'nodes', [['port', 7000, 'endpoint', 'no host']]]]],
  ['a port that is none', [['slots', [], 'nodes', [['port', 0, 'endpoint', '10.0.0.1']]]]],
  ['a port that is missing', [['slots', [], 'nodes', [['endpoint', '10.0.0.1']]]]],
])('%s names nobody', (_, reply) => {
  expect([nodesOfShards(reply, plain), nodesOfSlots(reply, plain), serverOfMaster(reply), serversOfList(reply)])
    .toEqual([[], [], [], []]);
});
