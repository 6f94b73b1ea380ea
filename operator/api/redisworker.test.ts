import { describe, expect, test } from 'vitest';
import { manifestProblems, parseRedisWorker, type RedisWorker } from './redisworker.ts';

const source = { inline: 'export default () => 1' };

function manifest(spec: object, rest: object = {}): object {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'demo-worker' },
    spec: { source, ...spec },
    ...rest,
  };
}

function parsed(object: object): RedisWorker {
  const result = parseRedisWorker(object);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.worker;
}

function problemsOf(spec: object, rest: object = {}): string[] {
  const result = parseRedisWorker(manifest(spec, rest));
  return result.ok ? [] : result.problems;
}

describe('a parsed worker', () => {
  test('has every default', () => {
    const { spec } = parsed(manifest({}));
    expect(spec).toMatchObject({
      runtime: 'Handler',
      consumers: { count: 1 },
      stream: {
        group: 'worker',
        startId: '0',
        requestLimit: 0,
        replyExpireSeconds: 8,
        responseLimit: 10_000,
        traces: 'Enabled',
        retention: 'Acknowledged',
      },
      handler: { concurrency: 16, timeoutSeconds: 30, maxAttempts: 1, maxDeliveries: 5 },
      permissions: { net: [], denyNet: [], env: [], outsideNames: 'Resolve', allowAllNet: 'Denied' },
      networkPolicy: { enforcement: 'BestEffort', flavor: 'Kubernetes' },
      denoOptions: [],
      rollout: { maxUnavailable: '25%' },
      suspend: false,
      deletionPolicy: 'Delete',
    });
  });

  test('takes its type from the name', () => {
    expect(parsed(manifest({})).spec.type).toBe('demo-worker');
  });

  test('keeps the type and the keys it is given', () => {
    const { spec } = parsed(
      manifest({ type: 'greeter', stream: { request: 'in' }, handler: { deadLetter: 'graveyard' } }),
    );
    expect([spec.type, spec.stream.request, spec.handler.deadLetter]).toEqual(['greeter', 'in', 'graveyard']);
  });

  test('treats a field without a value as absent, as the API server does', () => {
    expect(parsed(manifest({ secretRef: null, handler: null, consumers: { ids: ['a'], count: null } })).spec)
      .toMatchObject({
        consumers: { ids: ['a'] },
        handler: { concurrency: 16 },
      });
  });

  test('has quantities as text', () => {
    expect(parsed(manifest({ pod: { resources: { limits: { cpu: 2, memory: '64Mi' } } } })).spec.pod.resources?.limits)
      .toEqual({ cpu: '2', memory: '64Mi' });
  });

  test('loses fields of a newer version, which a manifest may not have', () => {
    const newer = manifest({ tomorrow: 1 });
    expect(parsed(newer).spec).not.toHaveProperty('tomorrow');
    expect(manifestProblems(newer)).toEqual([
      expect.stringContaining('strict decoding error: unknown field "spec.tomorrow"'),
    ]);
  });

  test('may not change its type, given or taken from the name, and may in the place of one that was never right', () => {
    const worker = manifest({});
    expect(manifestProblems(manifest({ type: 'demo-worker' }), worker)).toEqual([]);
    expect(manifestProblems(manifest({ type: 'other' }), worker)).toEqual([
      expect.stringContaining('spec.type: "other": spec.type never changes, because it names the streams in Redis'),
    ]);
    expect(manifestProblems(manifest({ type: 'other' }), manifest({ consumers: { count: -1 } }))).toEqual([]);
  });

  test('counts a status it cannot read as none', () => {
    expect(parsed(manifest({}, { status: { observedGeneration: 3 } })).status).toEqual({ observedGeneration: 3 });
    expect(parsed(manifest({}, { status: { observedGeneration: 'three' } })).status).toBeUndefined();
  });

  test.each([[null], [undefined], ['text'], [[]], [{}], [7]])('is never made of %j', (object) => {
    expect(parseRedisWorker(object)).toMatchObject({ ok: false });
  });
});

describe('a module in the manifest', () => {
  test('may have 256 KiB', () => {
    expect(problemsOf({ source: { inline: 'é'.repeat(131_072) } })).toEqual([]);
  });

  test('may have no byte more, whatever its characters', () => {
    const tooLarge =
      'source.inline is larger than 256 KiB: bundle less into it, or keep the module at an address and name it in source.url';
    expect(problemsOf({ source: { inline: `${'é'.repeat(131_072)}x` } })).toEqual([expect.stringContaining(tooLarge)]);
  });
});

describe('what a problem says', () => {
  test('has the path, the value and the fix', () => {
    expect(problemsOf({ consumers: { ids: ['a', 'b:c'] } })).toEqual([
      'spec.consumers.ids[1]: "b:c": a consumer id must start with a letter or digit and go on with letters, digits, "-", "_" and ".".',
    ]);
  });

  test('has one sentence per field at fault', () => {
    expect(problemsOf({ type: '', suspend: 'no', handler: { concurrency: 0, maxAttempts: 1.5 } })).toEqual([
      'spec.type: "": must not be empty.',
      'spec.handler.concurrency: 0: must be at least 1.',
      'spec.handler.maxAttempts: 1.5: must be a whole number.',
      'spec.suspend: "no": must be true or false.',
    ]);
  });

  test.each([
    [{ redis: { url: 'redis://ada:lovelace@redis' } }],
    [{ source: { url: 'https://ada:lovelace@example.com' } }],
    [{ permissions: { net: ['ada:lovelace@example.com'] } }],
    [{ permissions: { env: ['PASSWORD=lovelace'] } }],
    [{ denoOptions: ['--allow-net=lovelace'] }],
  ])('never holds a password: %j', (spec) => {
    const problems = problemsOf(spec);
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('lovelace');
  });
});

describe('an entry of permissions.net', () => {
  test.each([
    'example.com',
    'example.com:443',
    'EXAMPLE.com.',
    '*.example.com',
    '*.example.com:443',
    'a_b.example',
    'redis',
    'redis.app.svc:6379',
    'x-1.example',
    '1.2.3.4',
    '1.2.3.4:80',
    '10.0.0.0/8',
    '10.0.0.5/8:5432',
    '0.0.0.0/0',
    '1.2.3.4/32',
    '[2001:db8::1]',
    '[::1]:65535',
    '[::ffff:1.2.3.4]:1',
    ':8080',
    'unix:/run/x.sock',
    'vsock:2:1024',
    'localhost',
    '3com.example',
    'x.9a',
    'a.x',
    'a.b1x',
    'cafe',
    'face.0b',
    'xn--bcher-kva.example',
  ])(
    'may be %s',
    (entry) => expect(problemsOf({ permissions: { net: [entry], outsideNames: 'OpenPort' } })).toEqual([]),
  );

  test.each([
    '*',
    '*:443',
    '**.example.com',
    '*example.com',
    'a.*.example.com',
    '*.com',
    '*.com.',
    '*.example.com:*',
    'http://h',
    'h/p',
    'u@h',
    'h:',
    'h:0',
    'h:65536',
    'h:080',
    'h:80-90',
    'h:http',
    'bücher.example',
    ' h',
    'h ',
    'a,b',
    '',
    '::1',
    '2001:db8::/32',
    '[2001:db8::]/32',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.1',
    '127.1',
    '1.2.3.4.5',
    '10.0.0.1-10.0.0.9',
    '256.1.1.1',
    '-bad.com',
    'bad-.com',
    'a..b',
    '.a',
    '[::1',
    '[h]:80',
    'unix:x',
    'vsock:2',
    'a:b:c',
    `${'a'.repeat(64)}.com`,
    '2130706433',
    '0x7f.1',
    '127.0x1',
    '0x7f000001',
    'a.-bad',
    'unix:',
    '[1.2.3.4]',
    '*.1.2.3',
  ])(
    'must not be %j',
    (entry) => expect(problemsOf({ permissions: { net: [entry], outsideNames: 'OpenPort' } })).toHaveLength(1),
  );

  test('may be a wildcard only where a port may be opened to all, where all is open, or where Cilium knows names', () => {
    const net = ['*.example.com:443'];
    const refused = [expect.stringContaining('spec.permissions.net: permissions.net has a wildcard')];
    expect(problemsOf({ permissions: { net } })).toEqual(refused);
    expect(problemsOf({ permissions: { net, outsideNames: 'Refuse' } })).toEqual(refused);
    expect(problemsOf({ permissions: { net, allowAllNet: 'Granted' } })).toEqual([]);
    expect(problemsOf({ permissions: { net }, networkPolicy: { flavor: 'Cilium' } })).toEqual([]);
  });
});
