/** One contender over one filled queue: how fast it works it off, and what that takes of both sides. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TestProcess } from '../test/support/processes.ts';
import { parseCommandStats } from '../test/support/server-features.ts';
import { processorMs } from './proc.ts';
import { type Progress, type Sample, sample, type Speed, speedOf } from './progress.ts';
import type { Stage } from './stage.ts';

const pollMs = 10;
const deadlineMs = 180_000;

/** How requests come to be, who works on them, and how far that is. */
export interface Contender {
  /** Puts the requests where the workers find them. */
  readonly fill: () => Promise<void>;
  readonly launch: () => Promise<readonly TestProcess[]>;
  readonly progress: Progress;
  /** Resolves once nothing is under way any more, where that is later than the last answer. */
  readonly isOver?: () => Promise<boolean>;
  /** Looks at the workers when they have nothing to do any more. */
  readonly atRest?: (workers: readonly TestProcess[]) => Promise<void>;
}

/** What a run took. Processor time is in microseconds per request: of the workers with their start, and of redis-server. */
export interface Timed extends Speed {
  readonly requests: number;
  readonly workerUs: number;
  readonly serverUs: number;
  /** Requests per command that acknowledges them; absent where none does. */
  readonly batch?: number;
}

/** @throws Error with what a worker printed when it takes too long, or ends */
export async function run({ client, server }: Stage, requests: number, contender: Contender): Promise<Timed> {
  await contender.fill();
  await client.command('CONFIG', 'RESETSTAT');
  const workers = await contender.launch();
  try {
    const used = () => workers.reduce((sum, { pid }) => sum + processorMs(pid), 0);
    const [serverBeforeMs, workersBeforeMs] = [processorMs(server.pid), used()];
    const samples: Sample[] = [];
    await until(workers, `${requests} requests are done`, async () => {
      samples.push(await sample(client, contender.progress));
      return (samples.at(-1)?.done ?? 0) >= requests;
    });
    await until(workers, 'nothing is under way', contender.isOver ?? (() => Promise.resolve(true)));
    const timed = {
      requests,
      ...speedOf(samples, requests),
      workerUs: perRequest(used() - workersBeforeMs, requests),
      serverUs: perRequest(processorMs(server.pid) - serverBeforeMs, requests),
      ...batchIn(String(await client.command('INFO', 'commandstats')), requests),
    };
    await contender.atRest?.(workers);
    return timed;
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

/** @throws Error with what the processes printed when it takes too long, or one of them ends */
export async function until(
  processes: readonly TestProcess[],
  what: string,
  probe: () => Promise<boolean>,
): Promise<void> {
  for (const end = Date.now() + deadlineMs; !(await probe());) {
    const gone = processes.some(({ child }) => child.exitCode !== null && child.exitCode !== 0);
    if (gone || Date.now() > end) {
      const printed = processes.map((one) => one.output().slice(-2000)).join('\n');
      throw new Error(`waited in vain until ${what}; its process printed:\n${printed}`);
    }
    await pause(pollMs);
  }
}

function batchIn(stats: string, requests: number): { batch?: number } {
  const called = parseCommandStats(stats);
  const calls = ['xack', 'xackdel'].reduce((sum, name) => sum + (called.get(name)?.calls ?? 0), 0);
  return calls === 0 ? {} : { batch: Math.round(requests / calls) };
}

/** Microseconds with one decimal. */
function perRequest(ms: number, requests: number): number {
  return Math.round((ms * 10_000) / requests) / 10;
}
