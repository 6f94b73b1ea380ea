/** `denoOptions` against the Deno that will get them: a list of harmless flags, and ours hold beside them. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sourceFileName, sourceMount } from '../../contract/pod.ts';
import { manifestProblems } from '../../operator/api/redisworker.ts';
import { denoCommand, ownAddresses } from '../../operator/redisworker/desired/deno-command.ts';

const deno = join(import.meta.dirname, '../../node_modules/.bin/deno');
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'deno-options-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Flags of `deno run`, long and short, as its help lists them. */
function flagsOfDeno(): string[] {
  const help = execFileSync(deno, ['run', '--help=full'], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return [...help.matchAll(/^\s+(?:(-[A-Za-z]), )?(--[-a-z0-9]+)/gm)]
    .flatMap(([, short, long = '']) => (short === undefined ? [long] : [short, long]));
}

function problemsOf(option: string): string[] {
  return manifestProblems({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'demo' },
    spec: { source: { inline: 'x' }, denoOptions: [option] },
  });
}

const isTaken = (option: string) => problemsOf(option).length === 0;

/** What a script prints that is started by the operator's own command line, the runner left out. */
async function printed(script: string, denoOptions: readonly string[], memoryMiB = 128): Promise<string> {
  const path = join(folder, sourceFileName);
  writeFileSync(path, script);
  const command = denoCommand({
    runtime: 'Script',
    configHashKey: 'demo:1:h',
    sourceFile: 'worker.ts',
    allowNet: ownAddresses.Script,
    allowAllNet: false,
    gateNet: [],
    denyNet: ['169.254.169.254'],
    allowEnv: [],
    denoOptions,
    requestLimit: 0,
    memoryMiB,
  });
  const [, ...args] = command.slice(command.lastIndexOf('deno')).map((arg) => arg.replace(sourceMount, folder));
  const { stdout } = await promisify(execFile)(deno, args, { env: { HOME: folder, NO_COLOR: '1' } });
  return stdout.trim();
}

describe('denoOptions', () => {
  test('take four of the flags Deno lists, and of those it has beside them what looks into a program or seeds it', () => {
    const flags = flagsOfDeno();
    expect(flags).toEqual(
      expect.arrayContaining(['-A', '-P', '-R', '-c', '-r', '--allow-net', '--env-file', '--cert']),
    );
    expect(flags.length).toBeGreaterThan(60);
    expect(flags.filter(isTaken)).toEqual(['--check', '--inspect', '--inspect-brk', '--inspect-wait']);
    expect(flags.filter((flag) => isTaken(`${flag}=x`) || isTaken(`${flag}=data:,`))).toEqual([]);
  });

  test.each([
    '--check=all',
    '--inspect=127.0.0.1:0',
    '--inspect=localhost:0',
    '--inspect=[::1]:0',
    '--inspect=0',
    '--location=https://example.com/a?b=c',
    '--seed=42',
    '--trace-ops',
    '--unstable-kv',
    '--unstable-raw-imports',
    '--unstable-worker-options',
    '--v8-flags=--expose-gc,--stack-trace-limit=50',
    '--v8-flags=--trace_gc,--jitless',
  ])('may hold %s, and Deno starts with it', async (option) => {
    expect(problemsOf(option)).toEqual([]);
    // The type checker, which --check starts, needs far more than the default of a pod.
    expect(await printed('console.log("started")', [option], 512)).toMatch(/^started$/m);
  });

  test.each([
    ['-A', 'use spec.permissions'],
    ['-qR', 'use spec.permissions'],
    ['--deny-net=x', 'use spec.permissions'],
    ['--preload=x.ts', 'import it in the module'],
    ['--require=x.ts', 'import it in the module'],
    ['--import=x.ts', 'import it in the module'],
    ['--inspect=0.0.0.0:9229', 'reach it with kubectl port-forward'],
    ['--inspect=:9229', 'reach it with kubectl port-forward'],
    ['--inspect-brk=10.0.0.1', 'reach it with kubectl port-forward'],
    ['--inspect=127.0.0.1.example.com:80', 'reach it with kubectl port-forward'],
    ['--v8-flags=--max-old-space-size=4096', 'it follows pod.resources.limits.memory'],
    ['--v8-flags=--expose-gc,--max_heap_size=4096', 'it follows pod.resources.limits.memory'],
    ['--v8-flags=--allow-natives-syntax', 'denoOptions may hold'],
    ['--v8-flags', 'denoOptions may hold'],
    ['--env-file=.env', 'denoOptions may hold'],
    ['--import-map=data:application/json,{}', 'denoOptions may hold'],
    ['--cert=ca.pem', 'denoOptions may hold'],
    ['--unsafely-ignore-certificate-errors', 'denoOptions may hold'],
    ['--use-env-proxy', 'denoOptions may hold'],
    ['--node-modules-dir=auto', 'denoOptions may hold'],
    ['--config=deno.json', 'denoOptions may hold'],
    ['--unstable', 'denoOptions may hold'],
    ['--unstable-bundle', 'denoOptions may hold of --unstable-…'],
    ['--unstable-tsgo', 'denoOptions may hold of --unstable-…'],
    ['--unstable-hmr', 'denoOptions may hold of --unstable-…'],
    ['--unstable-subdomain-wildcards', 'denoOptions may hold of --unstable-…'],
    ['--unstable-unheard-of', 'denoOptions may hold of --unstable-…'],
    ['--inspect=127.0.0.1:65536', 'reach it with kubectl port-forward'],
    ['--location=https://%', 'denoOptions may hold'],
    ['--location=https://example.com:65536', 'denoOptions may hold'],
    ['-q', 'denoOptions may hold'],
    ['other.ts', 'each of denoOptions must be one flag'],
  ])('must not hold %s, and say why', (option, words) => {
    expect(problemsOf(option)).toEqual([expect.stringContaining(words)]);
  });

  test('come before the flags of the operator, whose heap limit and permissions hold even beside others', async () => {
    const script = `
      import { getHeapStatistics } from 'node:v8';
      const { state } = await Deno.permissions.query({ name: 'env' });
      console.log(Math.round(getHeapStatistics().heap_size_limit / 2 ** 20), typeof gc, state);`;
    const plain = await printed(script, []);
    expect(plain).toMatch(/^\d+ undefined \w+$/);
    expect(await printed(script, ['--v8-flags=--expose-gc'])).toBe(plain.replace('undefined', 'function'));
    expect(await printed(script, ['--v8-flags=--max-old-space-size=4096'])).toBe(plain);
  });
});
