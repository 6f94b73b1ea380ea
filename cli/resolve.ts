/** `redisworker resolve`: has code from elsewhere fetched again, and tells what came of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { keyOf, type KubeObject } from '../operator/cluster/cluster.ts';
import { isElsewhere } from '../operator/redisworker/model/code-request.ts';
import { openPlace, type PlaceWords } from './choose-place.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { closing, type Place } from './place.ts';
import { type CodeNews, codeNews } from './resolve-news.ts';
import { chosenWorkers, viewOf } from './status.ts';

/** Whose code, and where they are. */
export interface ResolveOptions extends PlaceWords {
  /** Names or types of workers. */
  readonly names: readonly string[];
  readonly timeoutSeconds: number;
  /** Waits for what comes of it. */
  readonly waits: boolean;
}

/**
 * Asks for each worker, and then waits for all of them.
 * @returns the exit code
 * @throws Failure when the place cannot be asked, or a worker has no code from elsewhere
 */
export async function resolveAgain(options: ResolveOptions, io: Io): Promise<ExitCode> {
  const { names, timeoutSeconds, waits } = options;
  await using place = closing(await openPlace(options, io));
  const workers = chosenWorkers(await viewOf(place), names, place);
  workers.forEach(mustBeElsewhere);
  const wish = new Date().toISOString();
  for (const worker of workers) await place.requestResolve(worker, wish);
  if (!waits) {
    io.out(workers.map(({ metadata: { name } }) => `… ${name} is asked for`).join('\n'));
    return exitCodes.ok;
  }
  return await tellNews(place, { workers, wish, timeoutSeconds }, io);
}

interface Asked {
  /** As they were before. */
  readonly workers: readonly KubeObject[];
  readonly wish: string;
  readonly timeoutSeconds: number;
}

async function tellNews(place: Place, { workers, wish, timeoutSeconds }: Asked, io: Io): Promise<ExitCode> {
  const end = performance.now() + timeoutSeconds * 1000;
  const waiting = new Map(workers.map((worker) => [keyOf(worker.metadata), { before: worker, underWay: false }]));
  const ends: CodeNews['kind'][] = [];
  for (;;) {
    const { items } = await viewOf(place);
    for (const [key, known] of waiting) {
      const news = codeNews(known.before, items.find(({ metadata }) => keyOf(metadata) === key), wish, known.underWay);
      known.underWay ||= news.kind === 'underWay';
      if (news.kind !== 'resolved' && news.kind !== 'failed') continue;
      waiting.delete(key);
      ends.push(news.kind);
      if (news.kind === 'resolved') io.out(news.line);
      else io.err(news.line);
    }
    if (waiting.size === 0) return ends.includes('failed') ? exitCodes.failed : exitCodes.ok;
    if (performance.now() >= end) break;
    await delay(place.everyMs);
  }
  const late = [...waiting.values()].map(({ before }) => before.metadata.name).join(', ');
  io.err(`no answer within ${timeoutSeconds} s for ${late}: it is still asked for; see "status"`);
  return exitCodes.timedOut;
}

const spec = z.object({
  source: z.object({ url: z.unknown(), release: z.unknown(), git: z.unknown(), file: z.unknown() }).partial(),
});

/** @throws Failure */
function mustBeElsewhere({ metadata: { name }, spec: given }: KubeObject): void {
  const { source = {} } = spec.safeParse(given).data ?? {};
  if (isElsewhere(source)) return;
  throw new Failure(
    `the code of ${name} is not from elsewhere: change its file or its manifest; "resolve" is for spec.source.url, .release and .git`,
  );
}
