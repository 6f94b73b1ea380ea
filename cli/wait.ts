/** `redisworker wait`: until the workers of a session or of a cluster are ready, or will not be. */
import { setTimeout as delay } from 'node:timers/promises';
import { announce } from './announce.ts';
import { type SessionView, SilentSession } from './endpoint.ts';
import { type ExitCode, exitCodes } from './failure.ts';
import type { Io } from './io.ts';
import { openPlace, type PlaceWords } from './choose-place.ts';
import { closing } from './place.ts';
import { program } from './program.ts';
import { isCurrent, isNamed } from './worker-type.ts';

/** What to wait for, and where. */
export interface WaitOptions extends PlaceWords {
  /** Names or types of workers; empty: all. */
  readonly names: readonly string[];
  readonly timeoutSeconds: number;
}

/** Where the workers of a place stand: `waiting` may still become one of the others. */
export interface Outlook {
  readonly standing: 'ready' | 'failed' | 'waiting';
  readonly lines: readonly string[];
}

/**
 * Waits for a session that is not there yet, and for workers; says how they stand in the end.
 * @returns the exit code
 * @throws Failure when the place cannot be asked
 */
export async function untilReady(options: WaitOptions, io: Io): Promise<ExitCode> {
  const { names, timeoutSeconds } = options;
  await using place = closing(await openPlace(options, io));
  const look = lookAt(() => place.view(), names, place.name);
  return await untilStanding(look, { everyMs: place.everyMs, timeoutSeconds }, io);
}

/**
 * Gives what looks at a place once. One that says nothing for a while, as where its machine is busy, may speak again.
 * @param name how the place is called
 */
export function lookAt(
  view: () => Promise<SessionView | undefined>,
  names: readonly string[],
  name: string,
): () => Promise<Outlook> {
  let seen = false;
  return async () => {
    try {
      const found = await view();
      const outlook = outlookOf(found, names, seen, name);
      seen ||= found !== undefined;
      return outlook;
    } catch (error) {
      if (!(error instanceof SilentSession)) throw error;
      return { standing: 'waiting', lines: [error.message] };
    }
  };
}

/** Looks again and again until there is nothing to wait for, and says how they stand in the end. @returns the exit code */
export async function untilStanding(
  look: () => Promise<Outlook>,
  { everyMs, timeoutSeconds }: { readonly everyMs: number; readonly timeoutSeconds: number },
  io: Io,
): Promise<ExitCode> {
  const end = performance.now() + timeoutSeconds * 1000;
  let outlook = await look();
  while (outlook.standing === 'waiting' && performance.now() < end) {
    await delay(everyMs);
    outlook = await look();
  }
  const text = outlook.lines.join('\n');
  if (outlook.standing === 'ready') io.out(text);
  else io.err(outlook.standing === 'waiting' ? `not ready within ${timeoutSeconds} s:\n${text}` : text);
  return { ready: exitCodes.ok, failed: exitCodes.failed, waiting: exitCodes.timedOut }[outlook.standing];
}

/** How a place stands; `seen` says that it was there before, `place` how it is called. */
export function outlookOf(
  view: SessionView | undefined,
  names: readonly string[],
  seen: boolean,
  place: string,
): Outlook {
  if (view === undefined) {
    return {
      standing: seen ? 'failed' : 'waiting',
      lines: [`no "${program} up" is running${seen ? ' any more' : ''}`],
    };
  }
  if (!view.started) return { standing: 'waiting', lines: [`"${program} up" is starting`] };
  const missing = names.filter((name) => !view.items.some((worker) => isNamed(worker, name)));
  const wrong = [...missing.map((name) => `there is no worker "${name}" in ${place}`), ...view.problems];
  if (wrong.length > 0) return { standing: 'failed', lines: wrong };
  const chosen = view.items.filter((worker) => names.length === 0 || names.some((name) => isNamed(worker, name)));
  if (chosen.length === 0) return { standing: 'waiting', lines: [`there is no worker in ${place}`] };
  const lines = chosen.map((worker) => announce(worker).line);
  const standings = new Set(chosen.map((worker) => isCurrent(worker) ? announce(worker).standing : 'waiting'));
  if (standings.has('stalled')) return { standing: 'failed', lines };
  return { standing: standings.has('waiting') ? 'waiting' : 'ready', lines };
}
