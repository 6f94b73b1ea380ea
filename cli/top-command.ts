/** The words of `redisworker top`. */
import { type Command, Option } from 'commander';
import type { Io } from './io.ts';
import { type PlaceFlags, placeWords, whichPlace, withPlace } from './place-words.ts';
import { type SortKey, sortKeys } from './top-sort.ts';
import { examples, wholeNumber } from './words.ts';

interface Flags extends PlaceFlags {
  consumers?: true;
  sort: SortKey;
  once?: true;
  every: number;
}

/** Adds `top` to the program. */
export function addTopCommand(root: Command, io: Io): void {
  withPlace(root.command('top'))
    .description('show how fast workers are, live: rate, failures, backlog, latency, until Ctrl-C')
    .argument('[workers...]', 'names or types: their consumers and modules; without them all workers')
    .option('--consumers', 'a row per consumer and per module, also of all workers')
    .addOption(new Option('--sort <key>', 'what comes first').choices(sortKeys).default('rate'))
    .option('--every <seconds>', 'time between two looks', wholeNumber(1, 3600), 2)
    .option('--once', 'print what is known now, and end')
    .addHelpText(
      'after',
      `${
        examples([
          ['top', 'on a laptop, beside a running "up"'],
          ['top demo-worker --namespace shop --sort latency', 'the consumers of one worker, the slowest first'],
          ['top -A --once --sort backlog', 'for a script: one look at all of a cluster'],
        ])
      }

Rates are measured between looks, from totals the operator writes every 15 seconds at most; until one is measured, a
worker has the rate the operator tells, and "-" means that nothing is known. On a terminal the table is drawn anew, else
it is printed again.

${whichPlace}`,
    )
    .action(async (names: string[], { consumers, sort, every, once, ...flags }: Flags, command: Command) => {
      const { top } = await import('./top.ts');
      const options = {
        ...placeWords(flags, command),
        names,
        consumers: consumers ?? names.length > 0,
        sort,
        once: once ?? false,
        everySeconds: every,
      };
      await top(options, io, io.interrupted());
    });
}
