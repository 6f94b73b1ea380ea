import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { selfSigned } from './self-signed.ts';

const now = Date.parse('2026-11-30T00:00:00Z');

test('is a certificate of the names, signed by its own key, for a server and no authority', () => {
  const { cert, key } = selfSigned(['localhost', 'operator-7d9f'], now);
  const read = new X509Certificate(cert);
  expect(read.subject).toBe('CN=localhost');
  expect(read.subjectAltName).toBe('DNS:localhost, DNS:operator-7d9f');
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkIssued(read)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(read.checkHost('operator-7d9f')).toBe('operator-7d9f');
  expect([read.ca, read.keyUsage]).toEqual([false, ['1.3.6.1.5.5.7.3.1']]);
});

test('holds from a while ago, for clocks that are behind, until after any process, in either way to write a time', () => {
  const dates = (from: number) => {
    const { validFromDate, validToDate } = new X509Certificate(selfSigned(['localhost'], from).cert);
    return [validFromDate, validToDate].map((date) => date.toISOString());
  };
  expect(dates(now)).toEqual(['2026-11-29T23:00:00.000Z', '2036-11-27T00:00:00.000Z']);
  expect(dates(Date.parse('2051-01-01T00:00:00Z'))).toEqual(['2050-12-31T23:00:00.000Z', '2060-12-29T00:00:00.000Z']);
});

test('is another one each time', () => {
  const [one, other] = [selfSigned(['localhost'], now), selfSigned(['localhost'], now)].map(({ cert }) =>
    new X509Certificate(cert)
  );
  expect(one!.serialNumber).not.toBe(other!.serialNumber);
  expect(one!.serialNumber).toMatch(/^01/);
});
