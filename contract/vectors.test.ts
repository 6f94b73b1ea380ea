/**
 * The contract against fixed vectors, on Node; vectors_test.ts is the same on Deno. The secrets were made by
 * `printf '%s' '<json>' | openssl enc -aes-128-cbc -K <keyHex> -iv <ivHex> -base64 -A`.
 */
import { describe, expect, test } from 'vitest';
import { decodeConfigHash, encodeConfigHash, errorCounterField, operatorFields, resourceOf } from './config-hash.ts';
import {
  configHashKey,
  deadLetterStreamKey,
  keyPrefix,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
  traceHashKey,
} from './keys.ts';
import { formatHostPort, parseHostPort, parseListenAddress } from './host-port.ts';
import { formatRedisAddress, parseRedisAddress } from './redis-address.ts';
import { decodeReply, isSuccess } from './reply.ts';
import { encodeRequest, parseRequest } from './request.ts';
import { decodeResponse } from './response.ts';
import { decodeKeyLine, decryptSecret, encodeKeyLine, encryptSecret, generateKey, secretAlgorithm } from './secrets.ts';
import { progressField, traceField } from './trace.ts';
import vectors from './vectors.json' with { type: 'json' };

describe('secrets', () => {
  test.each(vectors.secrets)(
    'are sealed as openssl seals them: $name',
    async ({ type, json, keyHex, ivHex, encryptedJson }) => {
      const secret = { alg: secretAlgorithm, iv: ivHex, json: encryptedJson };
      expect(await encryptSecret(type, json, keyHex, ivHex)).toEqual(secret);
      expect(await decryptSecret(type, secret, keyHex)).toEqual({ ...json, type });
    },
  );

  test('cannot be opened with another key, for another type, by another algorithm, or when they are no JSON', async () => {
    const { type, keyHex, ivHex: iv, encryptedJson: json } = vectors.secrets[0]!;
    const secret = { alg: secretAlgorithm, iv, json };
    const otherKey = keyHex.replace('00', 'ff');
    await expect(decryptSecret(type, secret, otherKey)).rejects.toThrow('cannot be decrypted with the key on stdin');
    await expect(decryptSecret('other', secret, keyHex)).rejects.toThrow('was not made for worker type "other"');
    await expect(decryptSecret(type, { ...secret, alg: 'aes-256-gcm' }, keyHex)).rejects.toThrow(
      'encryptedAlg must be "aes-128-cbc"',
    );
    const { notASecret } = vectors;
    await expect(
      decryptSecret(
        type,
        { alg: secretAlgorithm, iv: notASecret.ivHex, json: notASecret.encryptedJson },
        notASecret.keyHex,
      ),
    )
      .rejects.toThrow('cannot be decrypted');
  });

  test('take a fresh key and vector each time', async () => {
    const key = generateKey();
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(generateKey()).not.toBe(key);
    expect((await encryptSecret('t', {}, key)).iv).not.toBe((await encryptSecret('t', {}, key)).iv);
  });
});

describe('the key line', () => {
  const key = 'AB'.repeat(16);

  test('carries a key, with or without a line end', () => {
    for (const line of [encodeKeyLine(key), `worker-v0 ${key}`, `worker-v0 ${key}\r\n`]) {
      expect(decodeKeyLine(line)).toBe(key.toLowerCase());
    }
  });

  test('is refused when it is anything else, and never repeated', () => {
    for (
      const line of [
        '',
        key,
        `worker-v1 ${key}`,
        `worker-v0 ${key}0`,
        `worker-v0 ${key}\n\n`,
        `worker-v0 ${key}${' '.repeat(300)}`,
      ]
    ) {
      expect(() => decodeKeyLine(line)).toThrow(/^the key line (must read|is longer than)/);
      expect(() => decodeKeyLine(line)).not.toThrow(key);
    }
  });
});

test.each([{ kind: 'Standalone' }, { kind: 'Sentinel', masterName: 'm' }, { kind: 'Cluster' }] as const)(
  'keys are as every program in the wild knows them: $kind',
  (topology) => {
    const type = keyPrefix('demo-worker', topology);
    expect({
      configHash: configHashKey(type, '1'),
      requestStream: requestStreamKey(type),
      responseStream: responseStreamKey(type),
      deadLetterStream: deadLetterStreamKey(type),
      retrySchedule: retryScheduleKey(type),
      replyList: replyListKey('r-1'),
      traceHash: traceHashKey('r-1'),
    }).toEqual(vectors.keys[topology.kind]);
  },
);

test.each(vectors.traceFields)('the trace field of %s is %s', (type, field) => {
  expect(traceField(type)).toBe(field);
  expect(progressField(type)).toBe(field.replace('Trace', 'Progress'));
});

describe('requests', () => {
  const accepts = { type: 'demo-worker', workerUrl: 'https://example.com/w/' };

  test.each(vectors.requests)('are sorted: $entry', ({ entry, parsed }) => {
    expect(parseRequest(entry as unknown as Record<string, string>, accepts)).toEqual(parsed);
  });

  test('in the older form need a worker that allows a prefix', () => {
    expect(parseRequest({ ref: 'r', workerUrl: 'https://example.com/w/worker.ts' }, { type: 'demo-worker' }))
      .toMatchObject({ cause: 'workerUrl' });
  });

  test('that were encoded are accepted', () => {
    expect(parseRequest(encodeRequest('r', 'demo-worker', '1'), accepts)).toEqual({
      kind: 'request',
      request: { ref: 'r', fields: { data: '1' } },
    });
  });

  test('with references that would make odd keys are refused', () => {
    for (const ref of ['', 'a\nb', '\u0000', '\u0085', 'x'.repeat(513), 'ü'.repeat(257)]) {
      expect(parseRequest({ ref, type: 'demo-worker' }, accepts)).toEqual({ kind: 'refused', cause: 'ref' });
    }
  });

  test('with references of 1 to 512 bytes without control characters are accepted', () => {
    for (const ref of ['x', 'two words', 'x'.repeat(512), 'ü'.repeat(256)]) {
      expect(parseRequest({ ref, type: 'demo-worker' }, accepts)).toMatchObject({ kind: 'request', request: { ref } });
    }
  });
});

test.each(vectors.responses)('the response $entry is read', ({ entry, response }) => {
  const decoded = decodeResponse(entry);
  expect(decoded === undefined ? null : { ...decoded, ...(decoded.code === undefined ? { code: undefined } : {}) })
    .toEqual(response);
});

describe('host:port', () => {
  test.each(vectors.hostPorts)('is read, or refused: $text', ({ text, parsed }) => {
    expect(parseHostPort(text) ?? null).toEqual(parsed);
    if (parsed) expect(parseHostPort(formatHostPort(parsed))).toEqual(parsed);
  });

  test.each(vectors.listenAddresses)('may leave out more where one listens: $text', ({ text, parsed }) => {
    expect(parseListenAddress(text) ?? null).toEqual(parsed);
  });
});

describe('the address of a Redis', () => {
  test.each(vectors.redisAddresses)('is one text in all spellings, or refused by its rule: $text', (vector) => {
    const { text, address, rule } = vector as { text: string; address?: string; rule?: string };
    if (address !== undefined) {
      expect(formatRedisAddress(parseRedisAddress(text))).toBe(address);
      expect(formatRedisAddress(parseRedisAddress(address))).toBe(address);
    } else {
      expect(() => parseRedisAddress(text)).toThrow(`the Redis URL cannot be used: ${rule}`);
      expect(() => parseRedisAddress(text)).not.toThrow('canary');
    }
  });
});

describe('replies', () => {
  test.each(vectors.replies)('are read whoever wrote them: $json', ({ json, reply }) => {
    expect(decodeReply(json)).toEqual(reply);
  });

  test('without a numeric code are refused', () => {
    for (const json of ['[]', 'null', '"x"', '{}', '{"code":"200"}']) {
      expect(() => decodeReply(json)).toThrow('not a JSON object with a numeric "code"');
    }
  });

  test('succeed from 200 to 299', () => {
    expect([199, 200, 299, 300].map(isSuccess)).toEqual([false, true, true, false]);
  });
});

describe('the config hash', () => {
  test('is written and read field by field', () => {
    const { config, fields } = vectors.configHash;
    expect(encodeConfigHash(config)).toEqual(fields);
    expect(decodeConfigHash(fields)).toEqual(config);
    expect(Object.keys(fields).filter((name) => !(operatorFields as readonly string[]).includes(name))).toEqual([]);
  });

  test('leaves out what is empty, and reads the older names alone', () => {
    const least = { workerType: 't', consumerId: '1', requestStream: 'a', responseStream: 'b' };
    const config = decodeConfigHash({ ...least, url: 'https://example.com/', pid: '1', 'err:ref': '3' });
    expect(config).toEqual({
      type: 't',
      consumerId: '1',
      requestStream: 'a',
      responseStream: 'b',
      requestLimit: 0,
      denoOptions: [],
      workerUrl: 'https://example.com/',
    });
    expect(encodeConfigHash({ ...config, workerUrl: '' })).toEqual({ ...least, type: 't' });
  });

  test('is refused, by field, when something is missing or no number', () => {
    const fields = { type: 't', consumerId: '1', requestStream: 'a', responseStream: 'b' };
    for (const name of ['consumerId', 'requestStream', 'responseStream']) {
      expect(() => decodeConfigHash({ ...fields, [name]: '' })).toThrow(`the config hash has no field "${name}"`);
    }
    expect(() => decodeConfigHash({ ...fields, requestLimit: '-1' })).toThrow(
      '"requestLimit" must be a whole number, not "-1"',
    );
  });

  test('names its manifest and its counters', () => {
    expect(resourceOf('default', 'demo', 'u')).toBe('default/demo/u');
    expect(errorCounterField('workerUrl')).toBe('err:workerUrl');
  });
});
