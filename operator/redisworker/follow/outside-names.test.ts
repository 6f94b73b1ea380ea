import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { NameAnswer } from '../../dns/lookup.ts';
import { maxPerName } from '../network/outside-names/current.ts';
import { OutsideNames } from './outside-names.ts';
import { decodePublished, encodePublished, type Published, unpublished } from '../network/outside-names/published.ts';

const answer = (addresses: readonly string[], ttlSeconds = 5): NameAnswer => ({
  ipv4: addresses.length > 0
    ? { kind: 'addresses', addresses: addresses.map((address) => ({ address, ttlSeconds })) }
    : { kind: 'none', why: 'NXDOMAIN' },
  ipv6: { kind: 'none', why: 'NODATA' },
});
const failure: NameAnswer = { ipv4: { kind: 'failed', why: 'SERVFAIL' }, ipv6: { kind: 'failed', why: 'SERVFAIL' } };

/** Names on a clock of their own, and a DNS that says what `says` holds. */
function setUp(clock = new ManualClock()) {
  const dns = { says: answer(['192.0.2.1']), asked: [] as string[] };
  const enqueued: string[] = [];
  const names = new OutsideNames({
    clock,
    enqueue: (key) => enqueued.push(key),
    lookUp: (host) => {
      dns.asked.push(host);
      return Promise.resolve(dns.says);
    },
  });
  onTestFinished(() => names.close());
  const look = async (key = 'n/w', hosts = ['a.example'], remembered: Published = unpublished) => {
    const view = await names.look(key, hosts, () => remembered);
    names.keep(key, hosts);
    return { view, addresses: view.addresses('a.example'), notes: view.notes('a.example') };
  };
  return { clock, dns, enqueued, names, look };
}

describe('names outside', () => {
  test('have their first addresses at the first look', async () => {
    const { look } = setUp();
    expect(await look()).toMatchObject({ addresses: ['192.0.2.1'], notes: [] });
  });

  test('are asked for once for all workers, and no more once nobody uses them', async () => {
    const { look, names, dns, clock } = setUp();
    await look('n/w');
    await look('n/v');
    expect(dns.asked).toEqual(['a.example']);
    names.forget('n/w');
    await clock.advance(5000);
    expect(dns.asked).toHaveLength(2);
    names.forget('n/v');
    expect(clock.pending).toBe(0);
  });

  test('have the workers looked at again that use them, and again when a change is due', async () => {
    const { look, dns, clock, enqueued } = setUp();
    await look('n/w');
    await look('n/v', ['b.example']);
    enqueued.length = 0;
    dns.says = answer(['192.0.2.2']);
    await clock.advance(5000);
    expect(enqueued).toEqual(['n/w', 'n/v']);
    expect((await look()).addresses).toEqual(['192.0.2.1']);
    await clock.advance(24_999);
    expect(enqueued).toEqual(['n/w', 'n/v']);
    await clock.advance(1);
    expect(enqueued).toEqual(['n/w', 'n/v', 'n/w']);
    expect((await look()).addresses).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  test('go on in another process from what the policy remembers, and keep it in its grace', async () => {
    const { look, clock, names } = setUp();
    const record = encodePublished((await look()).view.published);
    names.close();
    const next = setUp(clock);
    next.dns.says = answer(['192.0.2.2']);
    const remembered = decodePublished(record, clock.now());
    expect((await next.look('n/w', ['a.example'], remembered)).addresses).toEqual(['192.0.2.1']);
    await clock.advance(30_000);
    expect((await next.look()).addresses).toEqual(['192.0.2.1', '192.0.2.2']);
    await clock.advance(570_000);
    expect((await next.look()).addresses).toEqual(['192.0.2.2']);
  });

  test('keep what the policy remembers for as long as DNS does not answer', async () => {
    const { look, clock, dns } = setUp();
    dns.says = failure;
    const remembered = { movedAt: clock.now(), names: new Map([['a.example', ['192.0.2.9']]]) };
    await look('n/w', ['a.example'], remembered);
    await clock.advance(3_600_000);
    expect(await look()).toMatchObject({
      addresses: ['192.0.2.9'],
      notes: [expect.stringMatching(/^DNS has failed since .*Z \(SERVFAIL\): what was known stays/)],
    });
    dns.says = answer([]);
    await clock.advance(60_000);
    expect(await look()).toMatchObject({ addresses: [], notes: ['it does not exist or has no addresses'] });
  });

  test('believe what a policy remembers for its own worker alone', async () => {
    const { look, clock } = setUp();
    await look('n/w', ['a.example'], { movedAt: clock.now(), names: new Map([['a.example', ['192.0.2.66']]]) });
    expect((await look('n/v')).addresses).toEqual(['192.0.2.1']);
  });

  test('do not hold up the workers one by one while DNS is silent', async () => {
    const clock = new ManualClock();
    const names = new OutsideNames({ clock, enqueue: () => undefined, lookUp: () => new Promise(() => undefined) });
    onTestFinished(() => names.close());
    const first = names.look('n/w', ['a.example'], () => unpublished);
    await clock.advance(2000);
    expect((await first).notes('a.example')).toEqual(['DNS has not answered yet']);
    await names.look('n/v', ['b.example'], () => unpublished);
  });

  test('are opened by a bounded number of addresses, and that is told', async () => {
    const { look, dns } = setUp();
    dns.says = answer(Array.from({ length: 150 }, (_, at) => `192.0.2.${at}`));
    const { addresses, notes } = await look();
    expect(addresses).toHaveLength(100);
    expect(notes).toEqual(['it has more than 100 addresses: the ones seen last are opened']);
    expect([maxPerName(1), maxPerName(20), maxPerName(256)]).toEqual([100, 100, 7]);
  });
});
