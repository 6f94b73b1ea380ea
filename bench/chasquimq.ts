/**
 * ChasquiMQ, and our runtime beside it on the same server: it needs Redis 8.6, so where the server of the bench is older
 * both run on one that is built for them.
 */
import { join } from 'node:path';
import { cargoProgram } from '../test/support/cargo-program.ts';
import { CannotBuild } from '../test/support/control-plane/tool.ts';
import { start } from '../test/support/processes.ts';
import { serverProgram } from '../test/support/servers/build.ts';
import { acknowledgedBy } from './progress.ts';
import { payload } from './requests.ts';
import { run, type Timed } from './run.ts';
import { openBeside, type Stage } from './stage.ts';

/** Where ChasquiMQ can be measured. */
export interface ChasquiStage {
  readonly stage: Stage;
  readonly program: string;
  /** Ends the server, if it is one of its own. */
  close(): Promise<void>;
}

/** Workers at once: what it is measured with by those who make it. */
const workers = 100;
const queue = 'bench';
const jobs = `{chasqui:${queue}}:stream`;

/** The stage, with what is needed built first; or the one sentence that says why there is none. */
export async function openChasquiStage(stage: Stage): Promise<ChasquiStage | string> {
  try {
    const program = await cargoProgram({
      dir: join(import.meta.dirname, 'peers/chasquimq'),
      name: 'chasquimq-peer',
      what: 'the worker on ChasquiMQ',
      duration: 'about 3 minutes on 2 cores',
    });
    if (servesChasqui(stage.serverName)) return { stage, program, close: () => Promise.resolve() };
    const beside = await openBeside(stage, await serverProgram('redis-8.6.3'));
    return { stage: beside, program, close: () => beside.stop() };
  } catch (error) {
    if (!(error instanceof CannotBuild) || error.reason === 'BuildFailed') throw error;
    return `ChasquiMQ is not measured: ${error.message}`;
  }
}

/** @param serverName such as "Redis 7.0.15" */
export function servesChasqui(serverName: string): boolean {
  const [, major, minor] = /^Redis (\d+)\.(\d+)/.exec(serverName) ?? [];
  return Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 6);
}

/** Its worker over a queue its own producer has filled. */
export async function measureChasqui({ stage, program }: ChasquiStage, requests: number): Promise<Timed> {
  const { client, port } = stage;
  const timed = await run(stage, requests, {
    async fill() {
      await client.command('FLUSHALL', 'SYNC');
      const filling = start(program, ['fill', String(port), String(requests), payload]);
      if (await filling.ended !== 0) throw new Error(`filling ChasquiMQ's queue failed: ${filling.output()}`);
    },
    launch: () => Promise.resolve([start(program, ['work', String(port), String(workers)])]),
    progress: acknowledgedBy(jobs, queue),
  });
  const left = await client.pipeline([['XLEN', jobs], ['XLEN', `{chasqui:${queue}}:dlq`]]);
  if (left.some((length) => length !== 0)) throw new Error(`ChasquiMQ has left ${left.join(' jobs, and dead: ')}`);
  return timed;
}
