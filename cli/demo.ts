/** `make demo`: two workers on this machine, one request to each, and everything ended again. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { printerColumns } from '../operator/api/crd.ts';
import { announce } from './announce.ts';
import { exitCodes, Failure } from './failure.ts';
import { interrupted, processIo, type Io } from './io.ts';
import { startLocalOperator } from './local-operator.ts';
import { connectRedis } from './redis.ts';
import { printAnswer, send } from './send.ts';
import { openSession, type LocalOperator, type RunningSession } from './session.ts';
import { renderTable } from './table.ts';
import { requestStream, workerType } from './worker-type.ts';

const readyDeadlineMs = 120_000;
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
  await Promise.race([stop, allReady(session.operator, new Set(requests.map(([type]) => type)))]);
  const failures = await Promise.race([stop, ask(session, io)]);
  io.out('\nWhat "kubectl get redisworkers" would print:\n');
  renderTable(session.operator.workers(), printerColumns, { wide: false, now: Date.now() }).forEach((line) => io.out(line));
  io.out('\n… stopping');
  return failures === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Sends each request; returns how many were not answered with success. */
async function ask({ redis: access, operator }: RunningSession, io: Io): Promise<number> {
  const redis = await connectRedis(access.url, access.password);
  let failures = 0;
  for (const [type, data] of requests) {
    io.out(`\n$ redisworker send ${type} '${data}'`);
    const worker = operator.workers().find((candidate) => workerType(candidate) === type);
    if (worker === undefined) throw new Failure(`the worker ${type} is gone: was its manifest changed?`);
    const answer = await send(redis, { type, data, stream: requestStream(worker), timeoutSeconds: replyTimeoutSeconds });
    if (printAnswer(answer, io) !== exitCodes.ok) failures += 1;
  }
  redis.disconnect();
  return failures;
}

/** Waits until every type has a worker that is ready. Rejects when one cannot run, or after two minutes. */
function allReady(operator: LocalOperator, types: ReadonlySet<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const told = operator.workers().filter((worker) => types.has(workerType(worker))).map((worker) => [worker, announce(worker)] as const);
      const stalled = told.find(([, { standing }]) => standing === 'stalled');
      if (stalled) finish(() => reject(new Failure(stalled[1].line)));
      if (told.filter(([, { standing }]) => standing === 'ready').length === types.size) finish(resolve);
    };
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      forget();
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Failure(late(operator.workers())))), readyDeadlineMs);
    const forget = operator.onChange(look);
    look();
  });
}

function late(workers: readonly KubeObject[]): string {
  const lines = workers.map((worker) => announce(worker).line);
  return `the workers are not ready after ${readyDeadlineMs / 1000} s: ${lines.join('; ') || 'the manifests name none'}`;
}

/** Runs the demo and tells its exit code; an interruption ends it as a failure does. */
async function main(io: Io): Promise<number> {
  const stop = interrupted().then(() => Promise.reject(new Failure('interrupted')));
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
