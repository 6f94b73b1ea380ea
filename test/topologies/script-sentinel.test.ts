import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { env } from '../../contract/pod.ts';
import { freePort, start, type TestProcess } from '../support/processes.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import { eventually } from '../support/wait.ts';
import { writeHash } from '../support/worker.ts';

const root = join(import.meta.dirname, '../..');
const deno = join(root, 'node_modules/.bin/deno');

/** A program that knows one Redis at 127.0.0.1:6379, counts there, and connects again whenever its connection ends. */
const program = `const [key] = Deno.args;
const [encoder, buffer] = [new TextEncoder(), new Uint8Array(4096)];
for (;;) {
  try {
    const redis = await Deno.connect({ hostname: '127.0.0.1', port: 6379 });
    await redis.write(encoder.encode(\`HSET \${key} pid \${Deno.pid}\\r\\n\`));
    while ((await redis.read(buffer)) !== null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await redis.write(encoder.encode('INCR beats\\r\\n'));
    }
  } catch {
    // it is tried again
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
`;

let set: SentinelSet;
let runner: TestProcess | undefined;
const folder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
beforeAll(async () => {
  set = await startSentinelSet();
});
afterAll(async () => {
  await runner?.stop();
  await set.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function launch(type: string): Promise<TestProcess> {
  const [file, port] = [join(folder, 'script.ts'), await freePort()];
  writeFileSync(file, program);
  const hashKey = await writeHash((await set.master()).client, type);
  const script = ['deno', 'run', '--no-prompt', `--allow-net=127.0.0.1:6379,127.0.0.1:${port}`, file, hashKey];
  const flags = ['--no-prompt', '--no-config', '--no-lock', '--allow-all'];
  const args = [
    'run',
    ...flags,
    join(root, 'worker/runner.ts'),
    hashKey,
    `--forward=127.0.0.1:${port}`,
    '--',
    ...script,
  ];
  const variables = { HOME: folder, DENO_DIR: join(folder, 'deno'), PATH: dirname(deno) };
  return start(deno, args, { env: { ...variables, [env.redisUrl]: set.url, [env.podUid]: 'pod-1' } });
}

async function beats(): Promise<number> {
  return Number(await (await set.master()).client.get('beats'));
}

describe('a script behind Sentinels', () => {
  it('works at the master, and at the next one once that has taken over', async () => {
    runner = await launch('script');
    await eventually('the script counts', async () => await beats() > 5);
    const after = await set.failOver();
    await eventually(
      'its connection to the old master was ended',
      () => runner?.output().includes('another server is the master now'),
    );
    const before = Number(await after.client.get('beats'));
    await eventually('it counts at the new master', async () => Number(await after.client.get('beats')) > before + 5);
    expect(await after.client.hget('script:1:h', 'owner')).toBe('pod-1');
  });

  it('goes on where a replica has come after a master that was killed', async () => {
    const after = await set.crashMaster();
    const before = Number(await after.client.get('beats'));
    await eventually('it counts at the new master', async () => Number(await after.client.get('beats')) > before + 5);
    expect(runner?.child.exitCode).toBeNull();
  });
});
