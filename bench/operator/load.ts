/** The main phase: workers are applied to an operator that has none, and it is looked at until it rests and is restarted. */
import { setTimeout as delay } from 'node:timers/promises';
import { residentMb } from '../proc.ts';
import { watchProcessors } from './processors.ts';
import { type Report, say } from './report.ts';
import { measureRest, settled } from './rest.ts';
import { restart } from './restart.ts';
import { quantileOf, scrape, sumOf } from './scrape.ts';
import { type MeasuredOperator, operatorAccount, snapshotHeap, type Stage } from './stage.ts';
import { callsByKind, trafficOf } from './traffic.ts';
import { applyAndWait, consumersEach } from './workers.ts';

/** Long enough for what was left by the start to be cleared away. */
const idleMs = 10_000;
const reconcileTime = 'controller_runtime_reconcile_time_seconds';

/** So many workers, from the first to the restart. */
export async function measureLoad(report: Report, stage: Stage, workers: number, deadlineMs: number): Promise<void> {
  const operator = await stage.startOperator();
  let last = operator;
  try {
    await delay(idleMs);
    report.keep({ workers, consumers: workers * consumersEach, rssMbIdle: residentMb(operator.pid) });
    await grow(report, stage, operator, workers, deadlineMs);
    report.keep({ ...await measureRestOf(stage, operator), rssMb: residentMb(operator.pid) });
    await tellHeap(operator);
    await snapshotHeap(operator);
    const { operator: next, seconds } = await restart(stage, operator);
    last = next;
    report.keep({ restartSecondsToWatched: seconds });
  } finally {
    await last.stop(30_000);
    if (last === operator && last.output() !== '') say(`the operator said:\n${last.output().slice(-2000)}`);
  }
}

async function grow(
  report: Report,
  stage: Stage,
  operator: MeasuredOperator,
  workers: number,
  deadlineMs: number,
): Promise<void> {
  const [before, begun] = [await scrape(operator.httpUrl), Date.now()];
  const tell = watchProcessors({ ...stage.programs, operator: operator.pid });
  report.keep({ secondsToReady: await applyAndWait(stage.api, workers, deadlineMs) });
  tell();
  await settled(stage);
  const [after, entries] = [await scrape(operator.httpUrl), await stage.cluster.auditLog()];
  const { calls, writes, events } = trafficOf(entries, operatorAccount, begun, Date.now());
  const ms = (share: number) => {
    const seconds = quantileOf(before, after, reconcileTime, share);
    return seconds === undefined ? undefined : seconds * 1000;
  };
  report.keep({
    apiCallsPerWorker: calls / workers,
    apiWritesPerWorker: writes / workers,
    eventsPerWorker: events / workers,
    reconcileMsP50: ms(0.5),
    reconcileMsP99: ms(0.99),
  });
  say(`  ${sumOf(after, 'controller_runtime_reconcile_total') / workers} looks at each worker`);
  for (const [kind, count] of callsByKind(entries, operatorAccount).slice(0, 15)) say(`  ${count} ${kind}`);
}

/** What the memory is made of, for who wants less of it. */
async function tellHeap({ httpUrl }: MeasuredOperator): Promise<void> {
  const samples = await scrape(httpUrl);
  const mb = (name: string) => Math.round(sumOf(samples, name) / 1e6);
  const [used, total] = [mb('nodejs_heap_size_used_bytes'), mb('nodejs_heap_size_total_bytes')];
  say(`  heap ${used} of ${total} MB, outside of it ${mb('nodejs_external_memory_bytes')} MB`);
}

async function measureRestOf(stage: Stage, operator: MeasuredOperator): Promise<Parameters<Report['keep']>[0]> {
  const rest = await measureRest(stage, operator);
  return {
    writesPerMinuteAtRest: rest.writesPerMinute,
    cpuSecondsPerMinuteAtRest: rest.cpuSecondsPerMinute,
    redisCommandsPerSecondAtRest: rest.redisCommandsPerSecond,
    redisConnections: rest.redisConnections,
  };
}
