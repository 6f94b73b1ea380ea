/**
 * What scripts of a HATS cluster cost: `make bench-hats` measures, on this machine and against a Redis of its own, a call
 * of a script beside a bare PING, requests to an endpoint, how soon threads of a killed worker run elsewhere, and whether
 * each tick of a thousand jobs a second runs once. Writes bench/results/hats.json. `node bench/hats.ts calls` measures
 * calls alone, and writes nothing.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { startHats, type TestHats, writeEndpoint, writeJob, writeThread } from '../test/support/hats.ts';
import { startRedis } from '../test/support/redis.ts';
import { eventually } from '../test/support/wait.ts';

const root = join(import.meta.dirname, '..');
const [threads, deadSeconds, jobs, seconds] = [30, 1, 1000, 20];
const callRounds = 5;
const patience = 300_000;

const redis = await startRedis();
try {
  if (process.argv[2] === 'calls') process.stdout.write(`${JSON.stringify(await callFigures(), undefined, 2)}\n`);
  else await measureAll();
} finally {
  await redis.stop();
}

async function measureAll(): Promise<void> {
  const call = await callFigures();
  const endpoints = await endpointFigures();
  const takeovers = await takeoverSeconds();
  const ticks = await tickFigures();
  const results = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    figures: {
      ...call,
      ...endpoints,
      takeoverThreads: takeovers.length,
      takeoverDeadSeconds: deadSeconds,
      takeoverSecondsP50: quantile(takeovers, 0.5),
      takeoverSecondsP99: quantile(takeovers, 0.99),
      ...ticks,
    },
  };
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  writeFileSync(new URL('results/hats.json', import.meta.url), text);
  process.stdout.write(text);
}

/** Medians of rounds by turns: what else the machine does in one of them touches both. */
async function callFigures() {
  const rounds: { readonly call: number; readonly bare: number }[] = [];
  for (let round = 0; round < callRounds; round++) rounds.push({ call: await callUs(), bare: barePingUs() });
  const redisDoP50Us = quantile(rounds.map(({ call }) => call), 0.5);
  const pingP50Us = quantile(rounds.map(({ bare }) => bare), 0.5);
  return { redisDoP50Us, pingP50Us, redisDoToPing: rounded(redisDoP50Us / pingP50Us) };
}

/** A script calls in batches, since its clock has milliseconds. */
async function callUs(): Promise<number> {
  const batches = 50;
  await redis.client.del('ping:taken');
  const source = `var perBatch = 200, taken = [];
    function main() {
      var begin = Date.now();
      for (var n = 0; n < perBatch; n++) redis.Do('PING');
      redis.Do('RPUSH', 'ping:taken', (Date.now() - begin) * 1000 / perBatch);
    }`;
  await writeThread(redis, 'ping', 'ping.js', source, { Hang: '1000000' });
  const worker = await startHats({ on: redis, type: 'ping' });
  const calls = await eventually('the script has called', async () => {
    const taken = await redis.client.lrange('ping:taken', 0, -1);
    return taken.length >= batches && taken.map(Number);
  }, patience);
  await worker.stop();
  return quantile(calls, 0.5);
}

/** The median of bare PINGs, measured the same way. */
function barePingUs(): number {
  const flags = ['run', '--no-config', '--no-lock', '--allow-net=127.0.0.1'];
  const program = [join(root, 'bench/peers/hats-ping.ts'), String(redis.port)];
  return Number(execFileSync(join(root, 'node_modules/.bin/deno'), [...flags, ...program]).toString());
}

/** Requests a worker answers while so many wait for one; the script of each asks Redis once. */
async function endpointFigures() {
  const [callers, measuredMs] = [16, 5000];
  await writeEndpoint(redis, 'asked', '/count', `<? response.Write(redis.Do('INCR', 'asked:count')) ?>`);
  const worker = await startHats({ on: redis, type: 'asked' });
  const ask = async () => await (await fetch(`${worker.url}/count`)).text();
  await eventually('it answers', () => ask().catch(() => undefined), patience);
  const answeredFor = async (ms: number) => {
    const until = performance.now() + ms;
    const counts = await Promise.all(Array.from({ length: callers }, async () => {
      let answered = 0;
      for (; performance.now() < until; answered++) await ask();
      return answered;
    }));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  await answeredFor(measuredMs / 2);
  const begin = performance.now();
  const answered = await answeredFor(measuredMs);
  const endpointsPerSecond = Math.round(answered * 1000 / (performance.now() - begin));
  await worker.stop();
  return { endpointCallers: callers, endpointsPerSecond };
}

/** From the death of a worker to the first sign of life of its threads elsewhere. */
async function takeoverSeconds(): Promise<number[]> {
  const names = Array.from({ length: threads }, (_, n) => `t${n}`);
  const more = { DeadSeconds: String(deadSeconds), Hang: '100000000' };
  const keys = await Promise.all(names.map((name) => writeThread(redis, 'over', name, 'function main() {}', more)));
  const workers = await startAll('over', 3);
  const ownerOf = (key: string) => redis.client.hget(key, 'Owner');
  await eventually('all run', async () => (await Promise.all(keys.map(ownerOf))).every((owner) => owner), patience);
  const [killed, ...others] = workers;
  const left = await Promise.all(keys.map(ownerOf));
  const theirs = keys.filter((_, n) => left[n] === killed?.name);
  const begin = performance.now();
  killed?.child.kill('SIGKILL');
  const taken = await Promise.all(
    theirs.map((key) =>
      eventually(`${key} runs elsewhere`, async () => (await ownerOf(key)) !== killed?.name, patience).then(() =>
        (performance.now() - begin) / 1000
      )
    ),
  );
  await Promise.all(others.map((worker) => worker.stop()));
  return taken;
}

/** Each job is due each second; the response stream has a row for each run. */
async function tickFigures() {
  const workers = await startAll('tick', 3);
  const writing = Array.from(
    { length: jobs },
    (_, n) => writeJob(redis, 'tick', `j${n}`, { Cron: '* * * * * *', Source: `redis.Do('INCR', 'tick:runs')` }),
  );
  await Promise.all(writing);
  await eventually('all have begun', async () => Number(await redis.client.get('tick:runs')) >= jobs, patience);
  const from = Date.now() + 3000;
  const until = from + seconds * 1000;
  const seen = new Map<string, number>();
  for (let last = '-'; Date.now() < until + 5000;) {
    const rows = await redis.client.xrange('tick:res:x', last === '-' ? '-' : `(${last}`, '+', 'COUNT', 5000);
    for (const [id, [, ref = '']] of rows) {
      last = id;
      const tick = Date.parse(ref.slice(ref.indexOf(':', ref.indexOf(':') + 1) + 1));
      if (tick >= from && tick < until) seen.set(ref, (seen.get(ref) ?? 0) + 1);
    }
    await pause(100);
  }
  await Promise.all(workers.map((worker) => worker.stop()));
  const due = jobs * (Math.ceil(until / 1000) - Math.ceil(from / 1000));
  const twice = [...seen.values()].filter((count) => count > 1).length;
  return { jobsPerSecond: jobs, jobTicks: due, jobTicksMissed: due - seen.size, jobTicksTwice: twice };
}

function startAll(type: string, count: number): Promise<TestHats[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => startHats({ on: redis, type, id: String(n) })));
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
