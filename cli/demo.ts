/** `make demo`: two workers on this machine, one request to each, and everything ended again. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { printerColumns } from '../operator/api/printer-columns.ts';
import { announce } from './announce.ts';
import { exitCodes, Failure, messageOf } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { startLocalOperator } from './local-operator.ts';
import { valuesAt } from './json-path.ts';
import { connectRedis } from './redis.ts';
import { printAnswer, send } from './send.ts';
import { type LocalOperator, openSession, type RunningSession } from './session.ts';
import { renderTable } from './table.ts';
import { streamsOf, workerType } from './worker-type.ts';

const readyDeadlineMs = 120_000;
const countDeadlineMs = 10_000;
const replyTimeoutSeconds = 20;

const files = ['examples/demo-worker.yaml', 'examples/date-iso.yaml'];
const requests: readonly (readonly [type: string, data: string])[] = [
  ['demo-worker', '{"name":"Ada"}'],
  ['demo-worker', '{"name":"Grace"}'],
  ['date-iso', '{}'],
];

async function demo(io: Io, stop: Promise<never>): Promise<number> {
  io.out(`… starting ${files.join(' and ')}`);
  await using session = await openSession({ name: `demo-${process.pid}`, files }, startLocalOperator, io);
  await Promise.race([stop, allReady(session.operator)]);
  const failures = await Promise.race([stop, ask(session, io)]);
  await Promise.race([stop, allCounted(session.operator)]);
  io.out('\nWhat "kubectl get redisworkers" would print:\n');
  renderTable(session.operator.workers(), printerColumns, { wide: false, now: Date.now() }).forEach((line) =>
    io.out(line)
  );
  io.out('\n… stopping');
  return failures === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Sends each request; returns how many were not answered with success. */
async function ask({ redis: access, operator }: RunningSession, io: Io): Promise<number> {
  const redis = await connectRedis(access.url, access);
  let failures = 0;
  for (const [type, data] of requests) {
    io.out(`\n$ npx redisworker send ${type} '${data}'`);
    const worker = operator.workers().find((candidate) => workerType(candidate) === type);
    if (worker === undefined) throw new Failure(`the worker ${type} is gone: was its manifest changed?`);
    const answer = await send(redis, {
      type,
      fields: { type, data },
      stream: streamsOf(worker, access.url).requestStream,
      timeoutSeconds: replyTimeoutSeconds,
    }, new Promise(() => undefined));
    if (printAnswer(answer, io) !== exitCodes.ok) failures += 1;
  }
  redis.disconnect();
  return failures;
}

/** Waits until every type has a worker that is ready. @throws Failure when one cannot run, or after two minutes */
async function allReady(operator: LocalOperator): Promise<void> {
  const types = new Set(requests.map(([type]) => type));
  const isReady = (): boolean => {
    const told = operator.workers().filter((worker) => types.has(workerType(worker))).map(announce);
    const stalled = told.find(({ standing }) => standing === 'stalled');
    if (stalled) throw new Failure(stalled.line);
    return told.filter(({ standing }) => standing === 'ready').length === types.size;
  };
  if (await until(operator, isReady, readyDeadlineMs)) return;
  const lines = operator.workers().map((worker) => announce(worker).line);
  throw new Failure(
    `the workers are not ready after ${readyDeadlineMs / 1000} s: ${lines.join('; ') || 'the manifests name none'}`,
  );
}

/** Waits until the status has counted every response, so that the table shows what was just done. */
async function allCounted(operator: LocalOperator): Promise<void> {
  const counted = (worker: KubeObject): number => Number(valuesAt(worker, '.status.responses.total')[0] ?? 0);
  const isCounted = (): boolean =>
    operator.workers().reduce((sum, worker) => sum + counted(worker), 0) >= requests.length;
  await until(operator, isCounted, countDeadlineMs);
}

/** Looks whenever a worker changes. Settles with false when the deadline passes, rejects with what `look` throws. */
function until(operator: LocalOperator, look: () => boolean, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      forget();
      settle();
    };
    const check = (): void => {
      try {
        if (look()) finish(() => resolve(true));
      } catch (error) {
        finish(() => reject(error instanceof Error ? error : new Error(messageOf(error))));
      }
    };
    const timer = setTimeout(() => finish(() => resolve(false)), deadlineMs);
    const forget = operator.onChange(check);
    check();
  });
}

/** Runs the demo and tells its exit code; an interruption ends it as a failure does. */
async function main(io: Io): Promise<number> {
  const stop = io.interrupted().then(() => Promise.reject(new Failure('interrupted')));
  stop.catch(() => undefined); // told by whatever waits at that moment
  try {
    const code = await demo(io, stop);
    io.out(code === exitCodes.ok ? nextSteps : 'a request was not answered with success, see above');
    return code;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    io.err(error.message);
    return error.exitCode;
  }
}

const nextSteps = `
Nothing is left running. Next, run one yourself:
  npx redisworker up examples/demo-worker.yaml
and in a second terminal:
  npx redisworker send demo-worker '{"name":"Ada"}'
  npx redisworker status`;

process.exitCode = await main(processIo());
