/**
 * From nothing to a reply, and from a save to a changed one: `npm run bench:dev-loop` measures, on this machine, how soon
 * somebody who types `init`, `up` and `send` has a first reply; how soon `redisworker up` answers with what was saved, by
 * one consumer that is asked all the time; and how long making one file of a module takes with nothing of it in Deno's
 * caches and with all of it. Ends with an error when a request is lost or a reply is neither of the old code nor of the
 * new. Writes bench/results/dev-loop.json and its section of docs/performance.md.
 */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { codeCache } from '../cli/bundle-module.ts';
import { denoPath } from '../cli/installation.ts';
import { type Client, connect } from '../client/mod.ts';
import { bundle } from '../operator/code/bundle.ts';
import { start } from '../test/support/processes.ts';
import { startRedis } from '../test/support/redis.ts';
import { eventually } from '../test/support/wait.ts';
import type { DevLoopResults } from './dev-loop-page.ts';
import { writePage } from './performance-page.ts';

const [rounds, saves, bundles] = process.argv.includes('--quick') ? [2, 10, 5] : [7, 60, 20];
const environment = process.env;
const command = new URL('../cli/redisworker.js', import.meta.url).pathname;

const handler = `import type { Handler } from 'redisworker';
import { version } from './version.ts';

const greet: Handler<{ name: string }> = ({ data }) => ({ version, greeting: \`Hello, \${data?.name ?? 'you'}!\` });
export default greet;
`;
const version = (number: number): string => `export const version: number = ${number};\n`;

const folder = await mkdtemp(join(tmpdir(), 'redisworker-dev-loop-'));
try {
  await writeFile(join(folder, 'greet.ts'), handler);
  await writeFile(join(folder, 'version.ts'), version(0));
  const first = await initToReply();
  const replies = await saveToReply();
  const [cold, warm] = await bundling();
  const results: DevLoopResults = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    figures: {
      rounds,
      initToReplyMs: quantile(first, 0.5),
      saves,
      saveToReplyMsP50: quantile(replies, 0.5),
      saveToReplyMsP99: quantile(replies, 0.99),
      bundles,
      bundleMsCold: quantile(cold, 0.5),
      bundleMsWarm: quantile(warm, 0.5),
    },
  };
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  writeFileSync(new URL('results/dev-loop.json', import.meta.url), text);
  writePage();
  process.stdout.write(text);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Milliseconds from the first command of a new worker to the reply that the last one prints, each time from nothing. */
async function initToReply(): Promise<number[]> {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const cwd = await mkdtemp(join(folder, 'new-'));
    const options = { cwd, env: { ...environment, XDG_RUNTIME_DIR: folder } };
    const session = ['--name', `dev-loop-${process.pid}`];
    const begin = performance.now();
    const init = start(process.execPath, [command, 'init', 'hello'], options);
    await init.ended;
    const up = start(process.execPath, [command, 'up', 'hello', '--no-page', ...session], options);
    try {
      await eventually('up tells that it is ready', () => up.output().includes('hello is ready'), 120_000);
      const send = start(process.execPath, [command, 'send', 'hello', '{"name":"Ada"}', ...session], options);
      if (await send.ended !== 0) throw new Error(`${init.output()}${send.output()}`);
      taken.push(performance.now() - begin);
    } finally {
      await up.stop(20_000);
    }
  }
  return taken;
}

/** Milliseconds from each save to the first reply of its code. */
async function saveToReply(): Promise<number[]> {
  const redis = await startRedis();
  const args = ['up', 'greet.ts', '--redis', redis.url, '--no-page', '--name', `dev-loop-${process.pid}`];
  const up = start(process.execPath, [command, ...args], {
    cwd: folder,
    env: { ...environment, XDG_RUNTIME_DIR: folder },
  });
  const client = await connect({ url: redis.url });
  try {
    await eventually('the worker answers', () => (up.output().includes('greet is ready') ? true : undefined), 120_000);
    const taken: number[] = [];
    while (taken.length < saves) taken.push(await oneSave(client, taken.length + 1));
    return taken;
  } finally {
    await client.close();
    await up.stop(20_000);
    await redis.stop();
  }
}

async function oneSave(client: Client, number: number): Promise<number> {
  const begin = performance.now();
  await writeFile(join(folder, 'version.ts'), version(number));
  for (;;) {
    const reply = await client.ask<{ version: number }>('greet', { name: 'Ada' }, { timeout: 60_000 });
    if (reply.version === number) return performance.now() - begin;
    if (reply.version !== number - 1) throw new Error(`a reply of version ${reply.version} came after save ${number}`);
  }
}

/** Milliseconds of one bundling: with the bundler at hand and nothing else, and with all that the last one has left. */
async function bundling(): Promise<readonly [cold: number[], warm: number[]]> {
  const cache = join(folder, 'cache');
  const [cold, warm]: [number[], number[]] = [[], []];
  for (let round = 0; round < bundles; round++) {
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache);
    await cp(join(codeCache(environment), 'dl'), join(cache, 'dl'), { recursive: true });
    cold.push(await bundleOnce(cache));
    warm.push(await bundleOnce(cache));
  }
  return [cold, warm];
}

async function bundleOnce(cache: string): Promise<number> {
  const begin = performance.now();
  const deno = { path: denoPath(), cache, environment };
  const outcome = await bundle({ entry: join(folder, 'greet.ts'), deno, namedFrom: folder });
  if (!outcome.ok) throw new Error(outcome.problem);
  return performance.now() - begin;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN);
}
