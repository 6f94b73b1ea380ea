import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestProblems } from '../operator/api/redisworker.ts';
import { readManifest } from '../operator/cluster/local/index.ts';
import { moduleManifest, modulesOf } from './module-manifest.ts';
import { refusalWatch } from './refusals.ts';
import { readSecrets } from './secrets-file.ts';

describe('a module without a manifest', () => {
  test.each([
    ['/home/ada/greet.ts', 'greet'],
    ['/home/ada/Date_ISO.mjs', 'date-iso'],
    ['/home/ada/billing/worker.ts', 'billing'],
    ['/home/ada/2-pay.ts', 'pay'],
  ])('%s is the worker %s', (path, name) => {
    expect(moduleManifest(path, {}).worker).toBe(name);
  });

  test('has no name to take from some files', () => {
    expect(() => moduleManifest('/home/ada/42.ts', {})).toThrow('/home/ada/42.ts gives none');
  });

  test('is told from a manifest, which says itself what flags would', () => {
    expect(() => modulesOf(['greet.yaml'], { net: ['a.example'] })).toThrow('a manifest says these things itself');
    const { modules, workers } = modulesOf(['greet.yaml', 'code/pay.ts'], { net: ['a.example'] });
    expect([[...modules.keys()], workers]).toEqual([
      [resolve('code/pay.ts')],
      [{ worker: 'pay', net: ['a.example'], env: [] }],
    ]);
    expect(modulesOf(['greet.yaml'], {}).modules.size).toBe(0);
  });

  test('is what its flags say, as a manifest would', () => {
    const settings = { net: ['a.example:443'], env: ['LANG'], consumers: 3, secrets: { token: 't' } };
    const { text } = moduleManifest('/home/ada/greet.ts', settings);
    const { objects, problems } = readManifest(text, 'greet.ts');
    expect(problems).toEqual([]);
    expect(objects.map(({ object }) => object)).toMatchObject([
      { kind: 'Secret', stringData: { token: 't' } },
      {
        kind: 'RedisWorker',
        spec: {
          source: { file: 'greet.ts' },
          consumers: { count: 3 },
          secretRef: { name: 'greet-secrets' },
          permissions: { net: ['a.example:443'], env: ['LANG'] },
        },
      },
    ]);
    expect(manifestProblems(objects[1]!.object)).toEqual([]);
  });
});

test('what Deno refuses is told once, with the flag that allows it beside what is allowed already', () => {
  const told: string[] = [];
  const watch = refusalWatch([{ worker: 'greet', net: ['a.example:443'], env: [] }], (line) => told.push(line));
  const net = 'Requires net access to "b.example:443": add b.example:443 to spec.permissions.net';
  watch('greet-1-x', JSON.stringify({ level: 'error', msg: 'failed', reason: net, stack: net }));
  watch('greet-2-x', `NotCapable: ${net}`);
  watch('greet-1-x', 'Requires env access to "LANG", run again with the --allow-env flag');
  watch('other-1-x', net);
  expect(told).toEqual([
    '! greet may not reach b.example:443: to allow it, run this again with --allow-net=a.example:443,b.example:443',
    '! greet may not read the variable LANG: to allow it, run this again with --allow-env=LANG',
  ]);
});

test('a file of secrets has one in a line, and what is wrong is told without a value', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  const file = join(folder, 'secrets.env');
  try {
    writeFileSync(file, '# mine\ntoken=a=b\n\nexport name="Ada L."\r\n');
    expect(readSecrets(file)).toEqual({ token: 'a=b', name: 'Ada L.' });
    writeFileSync(file, 'token=a\nhunter2\n');
    expect(() => readSecrets(file)).toThrow(`${file}:2: a secret is one line, its name and its value: token=…`);
    expect(() => readSecrets(join(folder, 'none'))).toThrow('the file of --secrets cannot be read: ENOENT');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
