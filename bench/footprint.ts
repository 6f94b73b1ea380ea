/** What the product takes on a machine: `make footprint` measures it and writes bench/results/footprint.json. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildWorkerImage } from '../images/worker-image.ts';
import { run } from '../images/run.ts';
import { openOperatorStage, type Resting } from './footprint-operator.ts';
import { spread } from './statistics.ts';

const root = join(import.meta.dirname, '..');
const [operatorRounds, commandRounds, workers] = [5, 15, 100];
const folder = mkdtempSync(join(tmpdir(), 'redisworker-footprint-'));

if (process.getuid?.() !== 0) throw new Error('the operator is measured inside its image: run this as root on Linux');
try {
  const npm = await packNpm();
  const commands = await measureCommands(npm.folder);
  const operator = await measureOperator();
  const workerImage = await buildWorkerImage({ output: join(folder, 'worker.tar'), tag: 'localhost/worker:footprint' });
  const results = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    node: process.version,
    ...operator,
    workerImageMb: megabytes(statSync(workerImage.archive).size),
    ...commands,
    npmPackageMb: megabytes(npm.bytes),
  };
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  writeFileSync(new URL('results/footprint.json', import.meta.url), text);
  process.stdout.write(text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Medians; of the operator beside nothing but Node, both in the same image. */
async function measureOperator(): Promise<Record<string, number>> {
  const stage = await openOperatorStage();
  try {
    const [operator, bare]: [Resting[], Resting[]] = [[], []];
    while (operator.length < operatorRounds) {
      bare.push(await stage.restBareNode());
      operator.push(await stage.rest());
      process.stdout.write(`${JSON.stringify(operator.at(-1))}, bare ${JSON.stringify(bare.at(-1))}\n`);
    }
    const { rssMb, mostMb } = await stage.work(workers);
    return {
      operatorIdleRssMb: median(operator.map((one) => one.rssMb)),
      operatorIdleAnonymousMb: median(operator.map((one) => one.anonymousMb)),
      operatorReadyMs: median(operator.map((one) => one.readyMs)),
      bareNodeRssMb: median(bare.map((one) => one.rssMb)),
      bareNodeAnonymousMb: median(bare.map((one) => one.anonymousMb)),
      bareNodeReadyMs: median(bare.map((one) => one.readyMs)),
      operatorRssMbOf100Workers: Math.round(rssMb),
      operatorMostMbOf100Workers: Math.round(mostMb),
      operatorImageMb: megabytes(stage.imageBytes),
    };
  } finally {
    await stage.stop();
  }
}

/** The package as npm would publish it, unpacked, with the Deno of the checkout beside it. */
async function packNpm(): Promise<{ readonly folder: string; readonly bytes: number }> {
  const answer = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
  const [{ filename, size }] = JSON.parse(answer.toString().slice(answer.indexOf('['))) as [
    { filename: string; size: number },
  ];
  await run('tar', ['-xzf', join(folder, filename), '-C', folder]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return { folder: join(folder, 'package'), bytes: size };
}

/** Milliseconds from the start of a command to its end. */
async function measureCommands(packageFolder: string): Promise<Record<string, number>> {
  const program = join(packageFolder, 'cli/redisworker.js');
  const session = `footprint-${process.pid}`;
  const up = spawn(process.execPath, [program, 'up', join(root, 'examples/demo-worker.yaml'), '--name', session], {
    stdio: 'ignore',
  });
  const status = [program, 'status', '--name', session];
  try {
    while (spawnSync(process.execPath, status).status !== 0) {
      if (up.exitCode !== null) throw new Error(`redisworker up ended with ${up.exitCode}`);
      await delay(200);
    }
    return {
      cliHelpMs: median(Array.from({ length: commandRounds }, () => timeOf([program, '--help']))),
      statusMs: median(Array.from({ length: commandRounds }, () => timeOf(status))),
      bareNodeCommandMs: median(Array.from({ length: commandRounds }, () => timeOf(['-e', '0']))),
    };
  } finally {
    up.kill('SIGTERM');
    await new Promise((resolve) => (up.exitCode === null ? up.once('exit', resolve) : resolve(undefined)));
  }
}

function timeOf(args: readonly string[]): number {
  const begun = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  return Math.round(spread(values).median);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e4) / 100;
}
