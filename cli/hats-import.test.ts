import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from '../operator/api/redisworker.ts';
import { testIo } from '../test/support/io.ts';
import { main } from './main.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisworker-hatter-'));
  const environment = {
    Cluster: 'default',
    Scripts: [{ FilePath: 'eliza.js', Hang: 1_000_000_000, DeadSeconds: 5 }, {
      FilePath: 'fast.js',
      Hang: 100,
      DeadSeconds: 0,
    }],
    Jobs: [{ FilePath: 'count.js', Hang: 1, DeadSeconds: 2, Cron: '* * * * * *' }],
    Endpoints: [{ Route: '/test', FilePath: 'test.html' }],
  };
  await writeFile(join(folder, 'env.config'), JSON.stringify(environment));
  for (const name of ['eliza.js', 'fast.js', 'count.js', 'test.html']) {
    await writeFile(join(folder, name), `// ${name}\n`);
  }
});
afterAll(async () => await rm(folder, { recursive: true }));

async function imported(file: string) {
  const io = testIo({});
  return { code: await main(['hats', 'import', join(folder, file), '--name', 'old'], io), io };
}

test('an environment of hatter becomes a manifest, whose scripts have the names they had', async () => {
  const { code, io } = await imported('env.config');
  const manifest = parse(io.printed.join('\n')) as object;
  expect(code).toBe(0);
  expect(manifestProblems(manifest)).toEqual([]);
  const source = (name: string) => ({ inline: `// ${name}\n` });
  expect(manifest).toMatchObject({
    metadata: { name: 'old' },
    spec: {
      runtime: 'Hats',
      http: {},
      hats: {
        cluster: 'default',
        threads: [
          { name: join(folder, 'eliza.js'), hang: '1000ms', deadSeconds: 5, source: source('eliza.js') },
          { name: join(folder, 'fast.js'), hang: '1ms', deadSeconds: 1, source: source('fast.js') },
        ],
        jobs: [{ name: join(folder, 'count.js'), cron: '* * * * * *', source: source('count.js') }],
        endpoints: [{ path: '/test', source: source('test.html') }],
      },
    },
  });
  expect(io.failures).toEqual([]);
});

test('what is none says so, with its name', async () => {
  await writeFile(join(folder, 'other.json'), '{"Scripts": []}');
  const { code, io } = await imported('other.json');
  expect(code).toBe(2);
  expect(io.failures[0]).toMatch(/other\.json is no environment of hatter: .*Cluster/);
});
