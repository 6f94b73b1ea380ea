/**
 * Breaks things while our runtime works off a stream, on one server, behind Sentinels and on a Cluster, then looks up every
 * reference: `make chaos-worker`, or with `QUICK=1` a shorter one. It does so again lean, where no request
 * leaves a reply: there the counters of the group have to say exactly what was asked. Ends with exit code 1 when anything was
 * lost or answered twice.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { defaultGroup } from '../contract/keys.ts';
import { freePort, type TestProcess } from '../test/support/processes.ts';
import { loadCluster, loadRotation, loadSentinel } from '../test/support/topologies/load.ts';
import { eventually } from '../test/support/wait.ts';
import type { ChaosResults, TopologyCount } from './chaos-results.ts';
import { everyOtherFails, judge, readLedger } from './ledger.ts';
import { writePage } from './performance-page.ts';
import { acknowledgedBy, answeredIn, type Progress, sample } from './progress.ts';
import { audit, payload, preload, requestStream, responseStream } from './requests.ts';
import { openStage, reset, type RuntimeSettings, startOurs, startProxy } from './stage.ts';
import { concurrency, lean } from './throughput.ts';

const quick = process.env['QUICK'] === '1';
const requests = quick ? 40_000 : 200_000;
const [kills, cuts, fills] = quick ? [6, 6, 3] : [24, 24, 8];
const pollMs = 5;
const deadlineMs = 300_000;

/** What a run found. */
type Count = Pick<ChaosResults, 'lost' | 'answeredTwice'>;

/** How the worker is set up, what it is asked, and how that is counted. */
interface Mode {
  readonly title: string;
  readonly settings: RuntimeSettings;
  /** What request number `index` carries. */
  readonly dataOf: (index: number) => string;
  readonly progress: Progress;
  readonly count: () => Promise<Count>;
  /** Bytes Redis may take when it is to be full soon, of those it takes. */
  readonly roomFor: (used: number) => number;
}

const stage = await openStage();
const proxy = await startProxy(stage.port, 0);
const { client } = stage;
let worker: TestProcess | undefined;

const full: Mode = {
  title: 'full',
  settings: { concurrency },
  dataOf: () => payload,
  progress: answeredIn(responseStream),
  async count() {
    const { responses, lost, answeredTwice } = await audit(client, requests);
    return { lost, answeredTwice: Math.max(answeredTwice, responses + lost - requests) };
  },
  roomFor: (used) => used + 100_000,
};

/** What fails leaves a response; the other requests leave nothing but a count. */
const thin: Mode = {
  title: 'lean',
  settings: lean,
  dataOf: everyOtherFails.dataOf,
  progress: acknowledgedBy(requestStream, defaultGroup),
  async count() {
    const { lost, twice } = judge(await readLedger(client), everyOtherFails.codes(requests));
    return { lost, answeredTwice: twice };
  },
  roomFor: () => 1, // it writes so little that it would take long to fill anything
};

let mode = full;
try {
  const whole = await breakAll(full);
  const sparing = await breakAll(thin);
  const sentinel = tell('behind Sentinels', await loadSentinel(requests));
  const cluster = tell('on a Cluster', await loadCluster(requests));
  const leanSentinel = tell('behind Sentinels, lean', await loadSentinel(requests, 'lean'));
  const leanCluster = tell('on a Cluster, lean', await loadCluster(requests, 'lean'));
  const rotation = tell('with new passwords', await loadRotation(requests));
  write({
    measured: new Date().toISOString().slice(0, 10),
    requests,
    kills,
    cuts,
    fills,
    ...whole,
    lean: { ...sparing, sentinel: leanSentinel, cluster: leanCluster },
    sentinel,
    cluster,
    rotation,
  });
  const all = [whole, sparing, sentinel, cluster, leanSentinel, leanCluster, rotation];
  process.exitCode = all.every(({ lost, answeredTwice }) => lost + answeredTwice === 0) ? 0 : 1;
} finally {
  await worker?.stop();
  await proxy.process.stop();
  await stage.stop();
}

/** Every fault in a run of its own. */
async function breakAll(how: Mode): Promise<Count> {
  mode = how;
  const outcomes = [
    await run('the worker is killed', kills, killWorker),
    await run('its connections are cut', cuts, cutConnections),
    await run('Redis is full', fills, fillRedis),
  ];
  const sum = (name: keyof Count) => outcomes.reduce((total, outcome) => total + outcome[name], 0);
  return { lost: sum('lost'), answeredTwice: sum('answeredTwice') };
}

/** Answers all requests while `fault` strikes as often as told, each time at a random share of the work. */
async function run(title: string, times: number, fault: () => Promise<void>): Promise<Count> {
  await reset(client);
  await preload(client, requests, undefined, mode.dataOf);
  worker = await startWorker();
  const moments = Array.from({ length: times }, () => Math.random() * requests * 0.95).sort((one, other) =>
    one - other
  );
  for (const moment of moments) {
    const before = await answered();
    await reach(Math.max(moment, before + 1));
    await fault();
  }
  await reach(requests);
  await eventually('nothing is pending', async () => (await audit(client, 0)).pending === 0);
  await worker.stop();
  const found = await mode.count();
  say(
    `${mode.title}: ${title}, ${times} times over ${requests} requests: ${found.lost} lost, ${found.answeredTwice} answered twice`,
  );
  return found;
}

function tell<Chaos extends TopologyCount>(where: string, chaos: Chaos): Chaos {
  const { lost, answeredTwice, repliedTwice } = chaos;
  say(
    `${where}, ${chaos.requests} requests: ${lost} lost, ${answeredTwice} answered twice, ${repliedTwice} replied twice`,
  );
  return chaos;
}

async function killWorker(): Promise<void> {
  worker?.child.kill('SIGKILL');
  await worker?.ended;
  worker = await startWorker();
}

function cutConnections(): Promise<void> {
  proxy.process.child.kill('SIGUSR2');
  return Promise.resolve();
}

/** Leaves Redis a little room, waits until that is used up and a commit was refused, then lifts the limit. */
async function fillRedis(): Promise<void> {
  const before = await refusedForMemory();
  const used = /^used_memory:(\d+)/m.exec(String(await client.command('INFO', 'memory')))?.[1];
  await client.command('CONFIG', 'SET', 'maxmemory', mode.roomFor(Number(used)));
  await eventually('Redis refuses a commit', async () => (await refusedForMemory()) > before, deadlineMs);
  await client.command('CONFIG', 'SET', 'maxmemory', 0);
}

async function refusedForMemory(): Promise<number> {
  return Number(/^errorstat_OOM:count=(\d+)/m.exec(String(await client.command('INFO', 'errorstats')))?.[1] ?? 0);
}

async function startWorker(): Promise<TestProcess> {
  return startOurs(stage, { port: proxy.port, healthPort: await freePort(), settings: mode.settings });
}

async function reach(count: number): Promise<void> {
  for (const end = Date.now() + deadlineMs; (await answered()) < count;) {
    if (Date.now() > end) {
      throw new Error(
        `waited in vain for answer ${Math.ceil(count)}; the worker printed:\n${worker?.output().slice(-2000)}`,
      );
    }
    await pause(pollMs);
  }
}

async function answered(): Promise<number> {
  return (await sample(client, mode.progress)).done;
}

function write(results: ChaosResults): void {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('chaos.json', folder), `${JSON.stringify(results, undefined, 2)}\n`);
  writePage();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
