/** The contract against the fixed vectors of vectors.json, on Deno; vectors.test.ts is the same on Node. */
import { assertEquals, assertThrows } from '../worker/testing/assert.ts';
import { decodeConfigHash, encodeConfigHash } from './config-hash.ts';
import { parseHostPort, parseListenAddress } from './host-port.ts';
import { formatRedisAddress, parseRedisAddress } from './redis-address.ts';
import { decodeReply } from './reply.ts';
import { parseRequest } from './request.ts';
import { decodeResponse } from './response.ts';
import { decryptSecret, encryptSecret, secretAlgorithm } from './secrets.ts';
import { traceField } from './trace.ts';
import vectors from './vectors.json' with { type: 'json' };

for (const { name, type, json, keyHex, ivHex, encryptedJson } of vectors.secrets) {
  Deno.test(`seals and opens a secret as openssl does: ${name}`, async () => {
    const secret = { alg: secretAlgorithm, iv: ivHex, json: encryptedJson };
    assertEquals(await encryptSecret(type, json, keyHex, ivHex), secret);
    assertEquals(await decryptSecret(type, secret, keyHex), { ...json, type });
  });
}

Deno.test('sorts requests', () => {
  const accepts = { type: 'demo-worker', workerUrl: 'https://example.com/w/' };
  for (const { entry, parsed } of vectors.requests) {
    assertEquals(parseRequest(entry as unknown as Record<string, string>, accepts), parsed);
  }
});

Deno.test('reads responses in every form', () => {
  for (const { entry, response } of vectors.responses) {
    const decoded = decodeResponse(entry as unknown as Record<string, string>);
    assertEquals(JSON.parse(JSON.stringify(decoded ?? null)), response);
  }
});

Deno.test('reads host:port', () => {
  for (const { text, parsed } of vectors.hostPorts) assertEquals(parseHostPort(text) ?? null, parsed);
  for (const { text, parsed } of vectors.listenAddresses) assertEquals(parseListenAddress(text) ?? null, parsed);
});

Deno.test('reads the address of a Redis, and refuses what is none by its rule', () => {
  for (const vector of vectors.redisAddresses) {
    const { text, address, rule } = vector as { text: string; address?: string; rule?: string };
    if (address !== undefined) assertEquals(formatRedisAddress(parseRedisAddress(text)), address);
    else assertThrows(() => parseRedisAddress(text), new RegExp(`^(?!.*canary).*${rule}`));
  }
});

Deno.test('reads replies whoever wrote them', () => {
  for (const { json, reply } of vectors.replies) assertEquals(decodeReply(json), reply);
});

Deno.test('writes and reads the config hash', () => {
  const { config, fields } = vectors.configHash;
  assertEquals(encodeConfigHash(config), fields);
  assertEquals(decodeConfigHash(fields), config);
});

Deno.test('names trace fields', () => {
  for (const [type, field] of vectors.traceFields) assertEquals(traceField(type as string), field);
});
