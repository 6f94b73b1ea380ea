/** From starting our runtime to the answer of a request that waits already, with Deno's cache warm; and its memory at rest. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { replyListKey } from '../contract/keys.ts';
import { freePort } from '../test/support/processes.ts';
import { residentMb } from './proc.ts';
import { preload, refOf } from './requests.ts';
import { reset, type Stage, startOurs } from './stage.ts';

/** One start. */
export interface ColdStart {
  readonly ms: number;
  /** Resident memory after three seconds of rest, in MB; only of those starts that were left alone that long. */
  readonly restingMb?: number;
}

const restMs = 3000;

/** @param rest leave it running and look at its memory */
export async function coldStart(stage: Stage, rest: boolean): Promise<ColdStart> {
  const { client, port } = stage;
  await reset(client);
  await preload(client, 1);
  const healthPort = await freePort();
  const worker = startOurs(stage, { port, healthPort });
  const startedMs = performance.now(); // it has been executed: what this process took to fork is over
  const answer = await client.command('BRPOP', replyListKey(refOf(0)), 30);
  const ms = Math.round((performance.now() - startedMs) * 10) / 10;
  if (answer === null) throw new Error(`no answer after a start; the worker printed:\n${worker.output().slice(-2000)}`);
  if (rest) await pause(restMs);
  const restingMb = Math.round(residentMb(worker.pid) * 10) / 10;
  await worker.stop();
  return { ms, ...(rest ? { restingMb } : {}) };
}
