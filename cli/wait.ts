/** `redisworker wait`: until the workers of a session are ready, or will not be. */
import { setTimeout as delay } from 'node:timers/promises';
import { announce } from './announce.ts';
import { fetchSession, type SessionView } from './endpoint.ts';
import { type ExitCode, exitCodes } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { sessionFiles } from './session-files.ts';
import { isCurrent, isNamed } from './worker-type.ts';

const lookEveryMs = 100;

/** What to wait for. */
export interface WaitOptions {
  readonly session: string;
  /** Names or types of workers; empty: all. */
  readonly names: readonly string[];
  readonly timeoutSeconds: number;
}

/** Where a session stands: `waiting` may still become one of the others. */
export interface Outlook {
  readonly standing: 'ready' | 'failed' | 'waiting';
  readonly lines: readonly string[];
}

/**
 * Waits for a session, and for its workers; says how they stand in the end.
 * @returns the exit code
 */
export async function untilReady({ session, names, timeoutSeconds }: WaitOptions, io: Io): Promise<ExitCode> {
  const { socket } = await sessionFiles(session, io.environment);
  const end = performance.now() + timeoutSeconds * 1000;
  let seen = false;
  const look = async (): Promise<Outlook> => {
    const view = await fetchSession(socket);
    const outlook = outlookOf(view, names, seen);
    seen ||= view !== undefined;
    return outlook;
  };
  let outlook = await look();
  while (outlook.standing === 'waiting' && performance.now() < end) {
    await delay(lookEveryMs);
    outlook = await look();
  }
  const text = outlook.lines.join('\n');
  if (outlook.standing === 'ready') io.out(text);
  else io.err(outlook.standing === 'waiting' ? `not ready within ${timeoutSeconds} s:\n${text}` : text);
  return { ready: exitCodes.ok, failed: exitCodes.failed, waiting: exitCodes.timedOut }[outlook.standing];
}

/** How a session stands; `seen` says that it was there before. */
export function outlookOf(view: SessionView | undefined, names: readonly string[], seen: boolean): Outlook {
  if (view === undefined) {
    return {
      standing: seen ? 'failed' : 'waiting',
      lines: [`no "${program} up" is running${seen ? ' any more' : ''}`],
    };
  }
  if (!view.started) return { standing: 'waiting', lines: [`"${program} up" is starting`] };
  const missing = names.filter((name) => !view.items.some((worker) => isNamed(worker, name)));
  const wrong = [...missing.map((name) => `there is no worker "${name}" in the running session`), ...view.problems];
  if (wrong.length > 0) return { standing: 'failed', lines: wrong };
  const chosen = view.items.filter((worker) => names.length === 0 || names.some((name) => isNamed(worker, name)));
  const lines = chosen.map((worker) => announce(worker).line);
  const standings = new Set(chosen.map((worker) => isCurrent(worker) ? announce(worker).standing : 'waiting'));
  if (standings.has('stalled')) return { standing: 'failed', lines };
  return { standing: chosen.length === 0 || standings.has('waiting') ? 'waiting' : 'ready', lines };
}
