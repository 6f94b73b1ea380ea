/** The operator's own questions, to a real DNS server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dnsLookUp } from '../../operator/dns/lookup.ts';
import { startDnsServer, type TestDnsServer } from '../support/dns-server.ts';

let server: TestDnsServer;
beforeAll(async () => {
  server = await startDnsServer();
});
afterAll(() => server.stop());

const ask = async (host: string, record?: Parameters<TestDnsServer['records']['set']>[1]) => {
  if (record) server.records.set(host, record);
  return dnsLookUp(server.address)(host);
};

test('a name has addresses of both families, each with its time', async () => {
  expect(await ask('both.example', { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'], ttlSeconds: 7 })).toEqual({
    ipv4: {
      kind: 'addresses',
      addresses: [{ address: '192.0.2.1', ttlSeconds: 7 }, { address: '192.0.2.2', ttlSeconds: 7 }],
    },
    ipv6: { kind: 'addresses', addresses: [{ address: '2001:db8::1', ttlSeconds: 7 }] },
  });
});

test('an answer too long for UDP comes over TCP', async () => {
  const addresses = Array.from({ length: 120 }, (_, at) => `192.0.2.${at}`);
  const { ipv4 } = await ask('many.example', { addresses });
  expect(ipv4.kind === 'addresses' && ipv4.addresses.length).toBe(120);
  expect(server.questions).toContain('tcp A many.example');
});

test('a name that does not exist, one without addresses and a failure are told apart', async () => {
  expect(await ask('absent.example')).toEqual({
    ipv4: { kind: 'none', why: 'NXDOMAIN' },
    ipv6: { kind: 'none', why: 'NXDOMAIN' },
  });
  expect((await ask('four.example', { addresses: ['192.0.2.1'] })).ipv6).toEqual({ kind: 'none', why: 'NODATA' });
  expect((await ask('broken.example', { fault: 'SERVFAIL' })).ipv4).toEqual({ kind: 'failed', why: 'SERVFAIL' });
  expect((await ask('refused.example', { fault: 'REFUSED' })).ipv4).toEqual({ kind: 'failed', why: 'REFUSED' });
});

test('nothing is remembered between two questions, and no search domain is tried', async () => {
  const lookUp = dnsLookUp(server.address);
  server.records.set('turns.example', { addresses: ['192.0.2.1'], ttlSeconds: 600 });
  await lookUp('turns.example');
  server.records.set('turns.example', { addresses: ['192.0.2.2'], ttlSeconds: 600 });
  expect((await lookUp('turns.example')).ipv4).toMatchObject({ addresses: [{ address: '192.0.2.2' }] });
  await lookUp('short');
  expect(server.questions.filter((question) => question.includes('short')).sort()).toEqual([
    'udp A short',
    'udp AAAA short',
  ]);
});

test("a server that is not there is a failure, and the machine's own table of hosts is not asked", async () => {
  const answer = await dnsLookUp('127.0.0.1:1')('localhost.example');
  expect(answer.ipv4).toMatchObject({ kind: 'failed' });
  expect((await ask('localhost.test')).ipv4.kind).toBe('none');
});
