/**
 * The bench of the Handler runtime: `make bench-worker`, or with `QUICK=1` a shorter one. `PARTS=lean,sharing` runs these
 * alone and writes nothing: for who looks into one. Writes bench/results/worker.json and docs/performance.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type ChasquiStage, measureChasqui, openChasquiStage } from './chasquimq.ts';
import { type ColdStart, coldStart } from './cold-start.ts';
import { type Latency, latencyOfOurs, latencyOfPing, latencyOfReference } from './latency.ts';
import { measurePayloads, type PayloadRun } from './payloads.ts';
import { writePage } from './performance-page.ts';
import { RawClient } from './raw-client.ts';
import { checkCounts, ratiosOf, type Results, type Round } from './results.ts';
import { measureSharing, type Sharing } from './sharing.ts';
import { sizesFrom } from './sizes.ts';
import { openStage, startProxy } from './stage.ts';
import { significant, spread } from './statistics.ts';
import {
  batchOf,
  checkLean,
  measureBound,
  measureBullmq,
  type Measured,
  measureLean,
  measureLeanBound,
  measureOurs,
  measureReference,
} from './throughput.ts';

/** What PARTS can name. */
const allParts = [
  'starts',
  'full',
  'lean',
  'bullmq',
  'chasquimq',
  'delayed',
  'latency',
  'sharing',
  'payloads',
] as const;
type Part = (typeof allParts)[number];

const replyDelayMs = 2;
const quick = process.env['QUICK'] === '1';
const asked = process.env['PARTS']?.split(',');
const parts = allParts.filter((part) => asked?.includes(part) ?? true);
const unknown = asked?.find((part) => !allParts.some((one) => one === part));
if (unknown !== undefined) throw new Error(`there is no part "${unknown}": PARTS names some of ${allParts.join(', ')}`);
const sizes = sizesFrom(process.env);
const { requests } = sizes;
const stage = await openStage();
const proxy = await startProxy(stage.port, replyDelayMs);
const chasqui = parts.includes('chasquimq') ? await openChasquiStage(stage) : undefined;
if (typeof chasqui === 'string') say(chasqui);
try {
  const proxyPingMs = await pingMs(proxy.port);
  const coldStarts = parts.includes('starts') ? await startRepeatedly(sizes.coldStarts) : [];
  const rounds: Partial<Round>[] = [];
  while (rounds.length < sizes.rounds) rounds.push(await playRound(rounds.length + 1));
  const sharing = parts.includes('sharing') ? await share() : [];
  const payloads = parts.includes('payloads') ? await moveLargeOnes() : [];
  if (asked === undefined) {
    const found = { rounds: rounds as Round[], coldStarts, sharing, payloads };
    const ratios = ratiosOf(found);
    write({
      measured: new Date().toISOString().slice(0, 10),
      machine: machine(),
      server: stage.serverName,
      ...chasquiResults(chasqui),
      pinned: stage.pinned,
      quick,
      proxyPingMs,
      ...found,
      ratios,
    });
    say(JSON.stringify(ratios, undefined, 2));
  }
} finally {
  if (typeof chasqui === 'object') await chasqui.close();
  await proxy.process.stop();
  await stage.stop();
}

/** Contenders that are compared with each other follow each other; all of them when no parts are named. */
async function playRound(number: number): Promise<Partial<Round>> {
  const round: { -readonly [Name in keyof Round]?: Round[Name] } = {};
  const play = async <Name extends keyof Round>(part: Part, name: Name, measure: () => Promise<Round[Name]>) => {
    if (!parts.includes(part)) return;
    round[name] = await measure();
    say(`round ${number}: ${name} ${figureOf(round[name] as Measured | Latency)}`);
  };
  await play('full', 'reference', () => measureReference(stage, requests.reference));
  await play('full', 'ours', () => measureOurs(stage, requests.ours));
  await play('full', 'bound', () => measureBound(stage, requests.bound, batchOf(round.ours)));
  await play('lean', 'lean', () => measureLean(stage, requests.lean));
  await play('lean', 'leanBound', () => measureLeanBound(stage, requests.lean, batchOf(round.lean)));
  await play('bullmq', 'bullmq100', () => measureBullmq(stage, requests.bullmq100, 100, 'keep'));
  await play('bullmq', 'bullmq100Removing', () => measureBullmq(stage, requests.bullmq100, 100, 'remove'));
  await play('bullmq', 'bullmq1', () => measureBullmq(stage, requests.bullmq1, 1, 'keep'));
  await play('bullmq', 'bullmq1Removing', () => measureBullmq(stage, requests.bullmq1, 1, 'remove'));
  if (typeof chasqui === 'object') {
    await play('chasquimq', 'chasquimq', () => measureChasqui(chasqui, requests.chasquimq));
    await play('chasquimq', 'leanBesideChasquimq', () => measureLean(chasqui.stage, requests.chasquimq));
  }
  await play('delayed', 'delayedReference', () => measureReference(stage, sizes.delayed.reference, proxy.port));
  await play('delayed', 'delayedOurs', () => measureOurs(stage, sizes.delayed.ours, proxy.port));
  await play('latency', 'latencyPing', () => latencyOfPing(stage, sizes.latencySamples));
  await play('latency', 'latencyReference', () => latencyOfReference(stage, sizes.latencySamples));
  await play('latency', 'latencyOurs', () => latencyOfOurs(stage, sizes.latencySamples));
  checkCounts(round, number);
  for (const name of ['lean', 'leanBound', 'leanBesideChasquimq'] as const) {
    checkLean(`round ${number}, ${name}`, round[name]);
  }
  return round;
}

function figureOf(measured: Measured | Latency): string {
  if ('p50' in measured) return `${measured.p50} µs, p99 ${measured.p99} µs`;
  const { perSecond, firstPerSecond, warmPerSecond, serverUs, batch } = measured;
  const more = Object.entries({ first: firstPerSecond, warm: warmPerSecond, serverUs, batch });
  return [`${perSecond}/s`, ...more.flatMap(([name, value]) => (value === undefined ? [] : `${name} ${value}`))].join(
    ', ',
  );
}

async function share(): Promise<Sharing[]> {
  const found: Sharing[] = [];
  for (const consumers of sizes.sharing.consumers) {
    found.push(await measureSharing(stage, consumers, sizes.sharing.requests, sizes.sharing.idleMs));
    const { serverUs, idlePerSecond, idleCommands } = found.at(-1) as Sharing;
    say(
      `${consumers} consumers: ${serverUs} µs of the server; at rest ${idlePerSecond} commands/s each: ${
        JSON.stringify(idleCommands)
      }`,
    );
  }
  return found;
}

async function moveLargeOnes(): Promise<PayloadRun[]> {
  const found: PayloadRun[] = [];
  for (const { bytes, requests: count } of sizes.payloads) {
    found.push(await measurePayloads(stage, bytes, count));
    say(JSON.stringify(found.at(-1)));
  }
  return found;
}

/** The first starts warm Deno's cache; the last three are left running to see their memory at rest. */
async function startRepeatedly(count: number): Promise<ColdStart[]> {
  for (let warmUp = 0; warmUp < 3; warmUp++) await coldStart(stage, false);
  const starts: ColdStart[] = [];
  while (starts.length < count) starts.push(await coldStart(stage, count - starts.length <= 3));
  say(`cold starts: ${starts.map(({ ms }) => ms).join(', ')} ms`);
  return starts;
}

async function pingMs(port: number): Promise<number> {
  const client = await RawClient.open(port);
  const times: number[] = [];
  for (let ping = 0; ping < 50; ping++) {
    const startedMs = performance.now();
    await client.command('PING');
    times.push(performance.now() - startedMs);
  }
  client.close();
  return significant(spread(times).median, 2);
}

function chasquiResults(found: ChasquiStage | string | undefined): Pick<Results, 'chasquimqServer' | 'notMeasured'> {
  if (typeof found === 'string') return { notMeasured: [found] };
  return found === undefined ? {} : { chasquimqServer: found.stage.serverName };
}

function machine(): string {
  const [first, ...others] = cpus();
  return `${others.length + 1} × ${first?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB`;
}

function write(results: Results): void {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('worker.json', folder), `${JSON.stringify(results, undefined, 2)}\n`);
  writePage();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
