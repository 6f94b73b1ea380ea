/**
 * What Rhai in a sandbox costs: `make bench-rhai` measures, on this machine and against a Redis of its own, tasks per
 * second and the speed of `fib` beside the native Rhai of bench/rhai/native, in turns; a cold start, and the memory at
 * rest. Writes bench/results/rhai.json; QUICK=1 takes one small round and prints it alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { env } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { responseStreamKey } from '../contract/keys.ts';
import { takenTasksKey, taskQueueKey } from '../contract/tasks.ts';
import { writeBundles } from '../images/bundle.ts';
import { start } from '../test/support/processes.ts';
import { startRedis } from '../test/support/redis.ts';
import { evaluate } from '../test/support/rhai/evaluate.ts';
import { nativeRhai } from '../test/support/rhai/native.ts';
import { type RhaiWorker, startRhai } from '../test/support/rhai/worker.ts';
import { eventually } from '../test/support/wait.ts';
import { writePage } from './performance-page.ts';
import { residentMb } from './proc.ts';
import type { RhaiResults } from './rhai-results.ts';
import { significant, spread } from './statistics.ts';

const quick = (env['QUICK'] ?? '') !== '';
const [rounds, tasks, fibOf, starts] = quick ? [1, 2000, 18, 2] : [5, 20_000, 25, 10];
const warmUp = quick ? 1000 : 5000;
const [patienceMs, restMs] = [300_000, 3000];
const small = 'let net = 20; let gross = net * 120 / 100; `${CALLER_ID}: ${gross}`';
const fib = `fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } } fib(${fibOf})`;

const native = await nativeRhai();
const image = mkdtempSync(join(tmpdir(), 'redisworker-bench-rhai-'));
await writeBundles(image);
const redis = await startRedis();
try {
  const speeds = [];
  for (let round = 0; round < rounds; round++) {
    speeds.push({ native: await nativePerSecond(`n${round}`), ours: await oursPerSecond(`o${round}`) });
  }
  const fibs = await fibMs();
  const begun = [];
  for (let at = 0; at < starts; at++) begun.push(await coldStart(`c${at}`));
  const median = (values: readonly number[]) => significant(spread(values).median);
  const results: RhaiResults = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    figures: {
      tasksToNative: median(speeds.map(({ native: theirs, ours }) => ours / theirs)),
      fibToNative: median(fibs.map(({ native: theirs, ours }) => ours / theirs)),
      coldStartMs: median(begun.map(({ ms }) => ms)),
      idleRssMb: median(begun.map(({ restingMb }) => restingMb)),
      tasksPerSecond: median(speeds.map(({ ours }) => ours)),
      nativeTasksPerSecond: median(speeds.map(({ native: theirs }) => theirs)),
      fibMs: median(fibs.map(({ ours }) => ours)),
      nativeFibMs: median(fibs.map(({ native: theirs }) => theirs)),
    },
  };
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  process.stdout.write(text);
  if (!quick) {
    writeFileSync(new URL('results/rhai.json', import.meta.url), text);
    writePage();
  }
} finally {
  await redis.stop();
  rmSync(image, { recursive: true, force: true });
}

/** Writes the tasks aside: they are there all at once when the list is given its name. */
async function prepare(circle: string, count = tasks): Promise<() => Promise<void>> {
  const [aside, queue] = [`aside:${circle}`, taskQueueKey(circle)];
  for (let from = 0; from < count; from += 1000) {
    const pipeline = redis.client.pipeline();
    for (let at = from; at < from + 1000; at++) {
      const id = `${circle}-${at}`;
      pipeline.hset(`rhai_task_details:${id}`, { script: small, callerId: 'caller', status: 'pending' });
      pipeline.rpush(aside, id);
    }
    await pipeline.exec();
  }
  return async () => {
    await redis.client.rename(aside, queue);
  };
}

/** The native program waits for tasks already when they come, and ends behind the last. */
async function nativePerSecond(circle: string): Promise<number> {
  const come = await prepare(circle);
  const program = start(native, ['serve', `127.0.0.1:${redis.port}`, circle, String(tasks)]);
  await eventually('it waits', async () => /\bcmd=blpop\b/.test(String(await redis.client.client('LIST'))), patienceMs);
  const beginMs = performance.now();
  await come();
  if (await program.ended !== 0) throw new Error(`the native program failed: ${program.output()}`);
  const perSecond = (tasks * 1000) / (performance.now() - beginMs);
  await mustBeCompleted(circle);
  return perSecond;
}

/** As a worker that has run some already, and is compiled: from when the tasks are there until none is in the list or in hand. */
async function oursPerSecond(circle: string): Promise<number> {
  const warm = await prepare(circle, warmUp);
  const worker = await startRhai({ on: redis, type: circle, image });
  await isWorking(worker);
  await warm();
  await isEmpty(circle);
  const come = await prepare(circle);
  const beginMs = performance.now();
  await come();
  await isEmpty(circle);
  const perSecond = (tasks * 1000) / (performance.now() - beginMs);
  await worker.stop();
  await mustBeCompleted(circle);
  return perSecond;
}

async function isEmpty(circle: string): Promise<void> {
  const queue = taskQueueKey(circle);
  while (await redis.client.exists(queue, takenTasksKey(queue, '1')) > 0) await pause(5);
}

async function mustBeCompleted(circle: string): Promise<void> {
  const last = await redis.client.hgetall(`rhai_task_details:${circle}-${tasks - 1}`);
  if (last['output'] !== 'caller: 24') throw new Error(`the last task of ${circle} is ${JSON.stringify(last)}`);
  await redis.client.flushall();
}

/** Milliseconds of the script alone, as each side takes them. */
async function fibMs(): Promise<{ native: number; ours: number }[]> {
  const worker = await startRhai({ on: redis, type: 'fib', image, tasks: { maxOperations: 1_000_000_000_000 } });
  const found = [];
  for (let round = 0; round <= rounds; round++) {
    const [theirs] = await evaluate(native, [fib]);
    if (theirs?.kind !== 'value') throw new Error(`the native program says ${theirs?.text ?? 'nothing'}`);
    const { ms, text } = await ask('fib', `fib-${round}`, fib);
    if (text !== theirs.text) throw new Error(`fib is ${text}, and ${theirs.text} in the native program`);
    if (round > 0) found.push({ native: theirs.micros / 1000, ours: ms }); // the first is compiled while it runs
  }
  await worker.stop();
  return found;
}

/** From starting the runtime to the end of a task that waits already, with Deno's cache warm but for the first. */
async function coldStart(circle: string): Promise<{ ms: number; restingMb: number }> {
  await push(circle, 'cold', small);
  const worker = await startRhai({ on: redis, type: circle, image });
  const beginMs = performance.now();
  await ended(circle);
  const ms = performance.now() - beginMs;
  await pause(restMs);
  const restingMb = residentMb(worker.pid);
  await worker.stop();
  return { ms, restingMb };
}

async function isWorking(worker: RhaiWorker): Promise<void> {
  await eventually('it works', () => /"working"/.test(worker.output()), patienceMs);
}

async function push(circle: string, id: string, script: string): Promise<void> {
  await redis.client.hset(`rhai_task_details:${id}`, { script, callerId: 'caller', status: 'pending' });
  await redis.client.rpush(taskQueueKey(circle), id);
}

/** The newest row of the responses, once there is one behind `last`. */
async function ended(circle: string, last = '0'): Promise<readonly string[]> {
  const found = await redis.client.xread('BLOCK', patienceMs, 'STREAMS', responseStreamKey(circle), last);
  return found?.[0]?.[1][0]?.[1] ?? [];
}

async function ask(circle: string, id: string, script: string): Promise<{ ms: number; text: string }> {
  const [newest] = await redis.client.xrevrange(responseStreamKey(circle), '+', '-', 'COUNT', 1);
  await push(circle, id, script);
  const row = await ended(circle, newest?.[0]);
  const text = await redis.client.hget(`rhai_task_details:${id}`, 'output');
  return { ms: Number(row[row.indexOf('ms') + 1]), text: text ?? '' };
}
