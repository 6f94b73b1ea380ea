/** The checks and test runners of this repository: what each runs, and how its outcome is counted. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { serverNames } from '../test/support/servers/recipe.ts';
import { oneCheck, type Outcome, readJunit, readVitest, withExitCode } from './count.ts';
import { folders } from './folders.ts';

/** What is shown, and the report that is counted. */
const reporters = ['--reporter=default', '--reporter=json'];

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** A command, and how to read what it found. */
export interface Runner {
  readonly name: string;
  /** @param files the only ones to take, by path below the project's folder; all when there are none */
  command(files: readonly string[]): Command;
  /** Reads the exit code and the report the command wrote. */
  outcome(exitCode: number): Promise<Outcome>;
}

const denoSources = ['worker', 'broker', 'contract', 'bench/peers'];

/** Those whose tests start neither workers nor processes by the dozen, as the broker's do. */
const quickDenoSources = denoSources.filter((folder) => folder !== 'broker');

/** What the compiler found out last time, and need not find out again. */
const typesCache = (
  name: string,
): string[] => ['--incremental', '--tsBuildInfoFile', `node_modules/.cache/${name}.json`];

/**
 * Checks that read the sources; each counts as one. `quick` ones build on what an earlier run found, and lint what this
 * checkout changes: what changed around a file may have changed the finding.
 */
export function checks({ quick }: { quick: boolean }): readonly Runner[] {
  return [
    check('types', 'tsc', ...(quick ? typesCache('tsc') : [])),
    check('types of the page', 'tsc', '-p', 'page', ...(quick ? typesCache('tsc-page') : [])),
    check('format', 'node', 'scripts/format.ts', '--check'),
    quick ? check('lint of what changed', 'node', 'scripts/lint-changed.ts') : check('lint', 'eslint', '.'),
    check('imports', 'depcruise', ...folders),
    check('types on Deno', 'deno', 'check', '-q', ...denoSources),
    check('lint on Deno', 'deno', 'lint', '-q', ...denoSources),
    check('generated files', 'node', 'scripts/check-generated.ts'),
  ];
}

/** Tests that need nothing but this machine; `quick` leaves out those that take their time. */
export function tests(reports: string, { quick }: { quick: boolean }): Runner {
  return vitest('tests', ['unit', 'redis', ...(quick ? [] : ['patient'])], reports);
}

/** Tests of the worker's parts, and of the broker, on the runtime they are made for; `quick` leaves out the broker's. */
export function denoTests(reports: string, { quick }: { quick: boolean }): Runner {
  const sources = quick ? quickDenoSources : denoSources;
  const junit = join(reports, 'deno.xml');
  return {
    name: 'tests on Deno',
    command: (files) => [
      'deno',
      'test',
      '-q',
      // The types are a check of their own; a test that starts a Worker would check its module each time.
      '--no-check',
      '--allow-all',
      `--junit-path=${junit}`,
      ...(files.length > 0 ? files : sources),
    ],
    outcome: (exitCode) => reported(junit, readJunit, exitCode),
  };
}

/** Tests on a real control plane, which is built on first use, and of the image and the npm package, whose builds take a while. */
export function clusterTests(reports: string): Runner {
  return vitest('cluster tests', ['images', 'package', 'page', 'docs', 'cluster'], reports);
}

/** The chart under every two values that change what is rendered, to the eyes of linters and of an API server. */
export function chartTests(reports: string): Runner {
  return vitest('chart tests', ['chart'], reports);
}

/** What Flux, Argo CD and a registry make of our objects and of the chart, on a control plane of their own. */
export function gitopsTests(reports: string): Runner {
  return vitest('GitOps tests', ['gitops'], reports);
}

/** The tests that speak to Redis, on newer servers than the machine's own; each is built on first use. */
export function serverTests(reports: string): readonly Runner[] {
  return serverNames.map((name) =>
    vitestRun(`tests on ${name}`, ['node', 'scripts/on-server.ts', name], name, reports)
  );
}

/** Tests on sets of servers: Sentinel and Cluster. */
export function topologyTests(reports: string): Runner {
  return vitest('tests on Sentinel and Cluster', ['topologies'], reports);
}

/** Tests on a node of its own, for root on Linux; elsewhere they are skipped. */
export function nodeTests(reports: string): Runner {
  return vitest('node tests', ['node'], reports);
}

/** What operators did with their rights in the tests before, which have to have left it in `reports`. */
export function rightsCheck(reports: string): Runner {
  return {
    name: 'rights of the operator',
    command: () => ['node', 'scripts/check-rights.ts', reports],
    outcome: (exitCode) => reported(join(reports, 'rights.json'), (text) => JSON.parse(text) as Outcome, exitCode),
  };
}

/** The mirror of allow-net against Deno itself and a second evaluator of policies, which is built on first use. */
export function proofTests(reports: string): Runner {
  return vitest('proofs', ['proof'], reports);
}

/** Builds every tool that is not in the cache, behind everything else that runs. */
export const toolBuilds: Command = ['node', 'test/support/tools/build-all.ts'];

function check(name: string, ...command: [string, ...string[]]): Runner {
  const outcome = (passed: boolean): Outcome => ({
    count: oneCheck(passed),
    failures: passed ? [] : ['its output is above'],
    failedFiles: [],
  });
  return { name, command: () => command, outcome: (exitCode) => Promise.resolve(outcome(exitCode === 0)) };
}

function vitest(name: string, projects: readonly string[], reports: string): Runner {
  const chosen = projects.flatMap((project) => ['--project', project]);
  return vitestRun(name, ['vitest', 'run', ...chosen], projects.join('-'), reports);
}

function vitestRun(name: string, command: Command, fileName: string, reports: string): Runner {
  const report = join(reports, `${fileName}.json`);
  return {
    name,
    command: (files) => [...command, ...files, ...reporters, `--outputFile.json=${report}`],
    outcome: (exitCode) => reported(report, readVitest, exitCode),
  };
}

/** A runner that left no report failed as a whole. */
async function reported(report: string, read: (text: string) => Outcome, exitCode: number): Promise<Outcome> {
  const text = await readFile(report, 'utf8').catch(() => undefined);
  await rm(report, { force: true }); // or a run after this one that leaves none would seem to have left it
  if (text === undefined) return { count: oneCheck(false), failures: ['it left no report'], failedFiles: [] };
  return withExitCode(read(text), exitCode);
}
