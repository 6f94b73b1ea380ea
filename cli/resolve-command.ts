/** The words of `redisworker resolve`. */
import type { Command } from 'commander';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { type PlaceFlags, placeWords, whichPlace, withPlace } from './place-words.ts';
import { examples, wholeNumber } from './words.ts';

interface Flags extends PlaceFlags {
  timeout: number;
  wait: boolean;
}

/** Adds `resolve` to the program. */
export function addResolveCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  withPlace(root.command('resolve'), { manyNamespaces: false })
    .description('fetch code from its address, release or Git repository again, once: a branch or a file has changed')
    .argument('<workers...>', 'names or types')
    .option('--timeout <seconds>', 'how long to wait for the answer', wholeNumber(1, 86_400), 180)
    .option('--no-wait', 'ask, and wait for no answer')
    .addHelpText(
      'after',
      `${
        examples([
          ['resolve greeter', 'of the running session'],
          ['resolve greeter --namespace shop', 'in a cluster, with the right to patch RedisWorkers'],
        ])
      }

The same code as before restarts no pod; other code rolls by spec.rollout. When there is no other code to be had, what
runs goes on. It sets the annotation redisworker.dev/resolve-requested-at, which anybody may set instead.

${whichPlace}

Exit codes: 0 the code is resolved, 1 it is not or the worker has none from elsewhere, 2 wrong call, 3 no answer in time.`,
    )
    .action(async (names: string[], { timeout, wait, ...flags }: Flags, command: Command) => {
      const { resolveAgain } = await import('./resolve.ts');
      const options = { ...placeWords(flags, command), names, timeoutSeconds: timeout, waits: wait };
      finish(await resolveAgain(options, io));
    });
}
