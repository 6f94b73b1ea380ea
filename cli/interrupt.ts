/** How a command that runs on is told to end. */
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One press of Ctrl-C comes twice under npm: from the terminal, and from npm that passes it on. */
const samePressMs = 300;

/**
 * Settles at the first SIGINT, SIGTERM or SIGHUP, or with the first of `ends`. A second SIGINT or SIGTERM, or a SIGQUIT,
 * ends the process at once: what it started is killed by its exit handlers.
 */
export function interrupted(ends: readonly Promise<void>[], tell: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const take = (signal: (typeof signals)[number]): void => {
      first ??= performance.now();
      resolve();
      if (signal === 'SIGHUP' || performance.now() - first < samePressMs) return; // a closed terminal says it twice
      endAtOnce(signal, tell);
    };
    process.on('SIGQUIT', () => endAtOnce('SIGQUIT', tell));
    for (const signal of signals) process.on(signal, take);
    void Promise.race(ends).then(resolve);
  });
}

function endAtOnce(signal: 'SIGQUIT' | (typeof signals)[number], tell: (line: string) => void): never {
  tell('ended at once: what was still at work is killed');
  process.exit(128 + constants.signals[signal]);
}
