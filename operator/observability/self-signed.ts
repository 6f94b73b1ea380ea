/**
 * A certificate that nobody signed but itself, for a server whose callers do not check it: X.509 (RFC 5280) in DER, as far
 * as one needs it. Node makes keys and signatures, and no certificates.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { ServerIdentity } from './metrics-server.ts';

const oid = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  extKeyUsage: [0x55, 0x1d, 0x25],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;
const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

/** @param names of the server, the first of which it is called by @param nowMs since 1970 */
export function selfSigned(names: readonly [string, ...string[]], nowMs: number): ServerIdentity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(identifier(oid.ecdsaWithSha256));
  const name = sequence(der(0x31, sequence(identifier(oid.commonName), der(0x0c, Buffer.from(names[0])))));
  const content = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(nowMs - hourMs), time(nowMs + 10 * yearMs)), // no process lives as long
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(oid.subjectAltName, sequence(...names.map((one) => der(0x82, Buffer.from(one))))),
        extension(oid.basicConstraints, sequence()),
        extension(oid.extKeyUsage, sequence(identifier(oid.serverAuth))),
      ),
    ),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)]));
  return {
    cert: pem(sequence(content, algorithm, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Tag, length, value. */
function der(tag: number, value: Uint8Array): Buffer {
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

function sequence(...values: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(values));
}

function integer(bytes: Uint8Array): Buffer {
  return der(0x02, bytes);
}

function identifier(bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function extension(id: readonly number[], value: Uint8Array): Buffer {
  return sequence(identifier(id), der(0x04, value));
}

/** UTCTime until 2049, then GeneralizedTime: `[YY]YYMMDDHHMMSSZ`. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, '');
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
