/**
 * Runs every check and test and ends with one line that counts them all. Nothing stops at the first
 * failure. `node scripts/test.ts` is the loop of a developer; `--cluster` adds the tests that take their time, those on
 * newer servers, on Sentinel and on a Cluster, the proofs of the network mirror, the tests on a real control plane and
 * on a node, lints everything, and takes nothing from an earlier run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rightsFolder } from '../test/support/control-plane/used-rights.ts';
import { thoroughVariable } from '../test/support/thorough.ts';
import { type Outcome, sum, summary, withSecondRun } from './count.ts';
import {
  chartTests,
  checks,
  clusterTests,
  type Command,
  denoTests,
  gitopsTests,
  nodeTests,
  proofTests,
  rightsCheck,
  type Runner,
  serverTests,
  tests,
  toolBuilds,
  topologyTests,
} from './runners.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const running = new Set<ChildProcess>();
const firstFailures: string[] = [];

const { values } = parseArgs({ options: { cluster: { type: 'boolean', default: false } } });
const reports = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(signal));
try {
  // What only uses the processor runs while the other tests wait: side by side both are done sooner.
  // So do the builds of tools only the last tests need; one that fails is told by the tests that miss it.
  const builds = values.cluster ? run(toolBuilds, 'kept') : undefined;
  const [checked, tested] = await Promise.all([
    inTurn([...checks({ quick: !values.cluster }), denoTests(reports, { quick: !values.cluster })], 'kept'),
    inTurn([
      tests(reports, { quick: !values.cluster }),
      ...(values.cluster
        ? [
          ...serverTests(reports),
          topologyTests(reports),
          proofTests(reports),
          clusterTests(reports),
          chartTests(reports),
          gitopsTests(reports),
          nodeTests(reports),
          rightsCheck(reports),
        ]
        : []),
    ], 'shown'),
  ]);
  await builds;
  const outcomes = [...checked, ...tested];
  for (const failure of firstFailures) say(`failed at the first of two attempts: ${failure}`);
  for (const failure of outcomes.flatMap(({ failures }) => failures)) say(`FAILED ${failure}`);
  const total = sum(outcomes.map(({ count }) => count));
  say(summary(total));
  process.exitCode = total.failed === 0 ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}

async function inTurn(runners: readonly Runner[], output: 'kept' | 'shown'): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const runner of runners) {
    const started = Date.now();
    say(`… ${runner.name}`);
    const outcome = await outcomeOf(runner, output);
    const { count } = outcome;
    outcomes.push({ ...outcome, failures: outcome.failures.map((failure) => `${runner.name}: ${failure}`) });
    say(
      `${count.failed === 0 ? '✓' : '✗'} ${runner.name}: ${summary(count)} (${
        Math.round((Date.now() - started) / 1000)
      } s)`,
    );
  }
  return outcomes;
}

/**
 * Runs it; in the full run, with real servers, pods and clocks on a machine others use too, the files in which something
 * failed are run once more, and a line at the end tells what failed at first.
 */
async function outcomeOf(runner: Runner, output: 'kept' | 'shown'): Promise<Outcome> {
  const first = await once(runner, [], output);
  if (!values.cluster || first.failedFiles.length === 0) return first;
  const second = withSecondRun(first, await once(runner, first.failedFiles.map(({ path }) => path), output));
  firstFailures.push(...first.failures.map((failure) => `${runner.name}: ${failure}`));
  return second;
}

/** @param files of the runner's own, by path; without any it takes all of them */
async function once(runner: Runner, files: readonly string[], output: 'kept' | 'shown'): Promise<Outcome> {
  const { exitCode, text } = await run(runner.command(files.map((file) => relative(root, file))), output);
  const outcome = await runner.outcome(exitCode);
  if (outcome.count.failed > 0) say(text.trimEnd());
  return outcome;
}

/** Runs a command from the project's folder; its output is shown as it comes, or kept for a failure. */
function run(
  [program, ...args]: Command,
  output: 'kept' | 'shown',
): Promise<{ exitCode: number; text: string }> {
  const path = [join(root, 'node_modules', '.bin'), env['PATH'] ?? ''].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    env: { ...env, PATH: path, [rightsFolder]: reports, ...(values.cluster ? { [thoroughVariable]: 'yes' } : {}) },
    stdio: ['ignore', ...streams(output)],
  });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exitCode: 1, text: `${program} does not start: ${error.message}` }));
    child.once('close', (code) => {
      running.delete(child);
      resolve({ exitCode: code ?? 1, text });
    });
  });
}

function streams(output: 'kept' | 'shown'): ['pipe' | 'inherit', 'pipe' | 'inherit'] {
  return output === 'kept' ? ['pipe', 'pipe'] : ['inherit', 'inherit'];
}

function stop(signal: 'SIGINT' | 'SIGTERM'): void {
  for (const child of running) child.kill(signal);
  rmSync(reports, { recursive: true, force: true });
  process.exit(128 + constants.signals[signal]);
}

function say(line: string): void {
  if (line !== '') process.stdout.write(`${line}\n`);
}
