/** The checks and test runners of this repository: what each runs, and how its outcome is counted. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverNames } from '../test/support/servers/recipe.ts';
import { type Count, countJunit, countVitest, oneCheck, withExitCode } from './count.ts';

/** What is shown, what is told beside it, and the report that is counted. */
const reporters = ['--reporter=default', '--reporter=./scripts/second-chances.ts', '--reporter=json'];

/** A command, and how to count what it found. */
export interface Runner {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Counts from the exit code and from the report the command wrote. */
  count(exitCode: number): Promise<Count>;
}

const sources = ['contract', 'operator', 'cli', 'worker', 'images', 'test', 'scripts', 'bench'];
const denoSources = ['worker', 'contract', 'bench/peers'];

/** What ESLint found in files that are still the same. What changed around them may have changed the finding. */
const lintCache = ['--cache', '--cache-strategy', 'content', '--cache-location', 'node_modules/.cache/eslint/'];

/** What the compiler found out last time, and need not find out again. */
const typesCache = ['--incremental', '--tsBuildInfoFile', 'node_modules/.cache/tsc.json'];

/** Checks that read the sources; each counts as one. `quick` ones build on what an earlier run found. */
export function checks({ quick }: { quick: boolean }): readonly Runner[] {
  return [
    check('types', 'tsc', ...(quick ? typesCache : [])),
    check('format', 'node', 'scripts/format.ts', '--check'),
    check('lint', 'eslint', ...(quick ? lintCache : []), '.'),
    check('imports', 'depcruise', ...sources),
    check('types on Deno', 'deno', 'check', '-q', ...denoSources),
    check('lint on Deno', 'deno', 'lint', '-q', ...denoSources),
    check('generated files', 'node', 'scripts/check-generated.ts'),
  ];
}

/** Tests that need nothing but this machine; `reports` is a folder for their reports. */
export function tests(reports: string): Runner {
  return vitest('tests', ['unit', 'redis'], reports);
}

/** Tests of pure parts of the worker, on the runtime they are made for. */
export function denoTests(reports: string): Runner {
  const junit = join(reports, 'deno.xml');
  return {
    name: 'tests on Deno',
    command: ['deno', 'test', '-q', '--allow-all', `--junit-path=${junit}`, ...denoSources],
    count: (exitCode) => counted(junit, countJunit, exitCode),
  };
}

/** Tests on a real control plane, which is built on first use, and of the image, whose build takes a while. */
export function clusterTests(reports: string): Runner {
  return vitest('cluster tests', ['images', 'cluster'], reports);
}

/** The tests that speak to Redis, on newer servers than the machine's own; each is built on first use. */
export function serverTests(reports: string): readonly Runner[] {
  return serverNames.map((name) => {
    const report = join(reports, `${name}.json`);
    return {
      name: `tests on ${name}`,
      command: [
        'node',
        'scripts/on-server.ts',
        name,
        ...reporters,
        `--outputFile.json=${report}`,
      ],
      count: (exitCode) => counted(report, countVitest, exitCode),
    };
  });
}

/** Tests on sets of servers: Sentinel and Cluster. */
export function topologyTests(reports: string): Runner {
  return vitest('tests on Sentinel and Cluster', ['topologies'], reports);
}

/** Tests on a node of its own, for root on Linux; elsewhere they are skipped. */
export function nodeTests(reports: string): Runner {
  return vitest('node tests', ['node'], reports);
}

/** The mirror of allow-net against Deno itself and a second evaluator of policies, which is built on first use. */
export function proofTests(reports: string): Runner {
  return vitest('proofs', ['proof'], reports);
}

function check(name: string, ...command: [string, ...string[]]): Runner {
  return { name, command, count: (exitCode) => Promise.resolve(oneCheck(exitCode === 0)) };
}

function vitest(name: string, projects: readonly string[], reports: string): Runner {
  const report = join(reports, `${projects.join('-')}.json`);
  return {
    name,
    command: [
      'vitest',
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...reporters,
      `--outputFile.json=${report}`,
    ],
    count: (exitCode) => counted(report, countVitest, exitCode),
  };
}

/** A runner that left no report failed as a whole. */
async function counted(report: string, read: (text: string) => Count, exitCode: number): Promise<Count> {
  const text = await readFile(report, 'utf8').catch(() => undefined);
  return text === undefined ? oneCheck(false) : withExitCode(read(text), exitCode);
}
