/** Several consumers of one type on one server: what a request costs the server then, and what they cost it when they rest. */
import { setTimeout as pause } from 'node:timers/promises';
import { defaultGroup } from '../contract/keys.ts';
import { freePort } from '../test/support/processes.ts';
import { type CommandStats, parseCommandStats } from '../test/support/server-features.ts';
import { acknowledgedBy } from './progress.ts';
import { preload, requestStream } from './requests.ts';
import { run, type Timed } from './run.ts';
import { reset, type Stage, startOurs } from './stage.ts';
import { concurrency } from './throughput.ts';

/** What was found of so many. */
export interface Sharing extends Timed {
  readonly consumers: number;
  /** Commands per second the server is sent by each of them while there is nothing to do; scripts' own are among them. */
  readonly idlePerSecond: number;
  /** The same by command, of all of them together. */
  readonly idleCommands: Readonly<Record<string, number>>;
}

/** What follows the last request, such as trimming, is over by then. */
const settleMs = 3000;

/** @param idleMs how long they are looked at while they rest */
export async function measureSharing(
  stage: Stage,
  consumers: number,
  requests: number,
  idleMs: number,
): Promise<Sharing> {
  const { client, port } = stage;
  const ids = Array.from({ length: consumers }, (_, at) => String(at + 1));
  const stats = async () => parseCommandStats(String(await client.command('INFO', 'commandstats')));
  let idleCommands: Readonly<Record<string, number>> = {};
  const timed = await run(stage, requests, {
    async fill() {
      await reset(client, ids);
      await preload(client, requests);
    },
    launch: () =>
      Promise.all(
        ids.map(async (consumerId) =>
          startOurs(stage, { port, healthPort: await freePort(), settings: { concurrency }, consumerId })
        ),
      ),
    progress: acknowledgedBy(requestStream, defaultGroup),
    async atRest() {
      await pause(settleMs);
      const before = await stats();
      await pause(idleMs);
      idleCommands = perSecond(before, await stats(), idleMs);
    },
  });
  const all = Object.values(idleCommands).reduce((sum, one) => sum + one, 0);
  return { ...timed, consumers, idlePerSecond: rounded(all / consumers), idleCommands };
}

/** Calls per second by command, without the one that asked. */
export function perSecond(before: CommandStats, after: CommandStats, ms: number): Record<string, number> {
  const called = [...after].map(([name, { calls }]) => {
    const asked = name === 'info' ? 1 : 0;
    return [name, rounded(((calls - (before.get(name)?.calls ?? 0) - asked) * 1000) / ms)] as const;
  });
  return Object.fromEntries(called.filter(([, calls]) => calls > 0));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
