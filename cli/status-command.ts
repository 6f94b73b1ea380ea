/** The words of `redisworker status` and `redisworker wait`. */
import { type Command, Option } from 'commander';
import { printerColumns } from '../operator/api/printer-columns.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { type PlaceFlags, placeWords, whichPlace, withPlace } from './place-words.ts';
import { program } from './program.ts';
import type { OutputForm } from './status.ts';
import { examples, wholeNumber } from './words.ts';

const outputForms: readonly OutputForm[] = ['wide', 'yaml', 'json'];

interface StatusFlags extends PlaceFlags {
  output?: OutputForm;
  watch?: true;
}

interface WaitFlags extends PlaceFlags {
  timeout: number;
}

/** Adds `status` and `wait` to the program. */
export function addStatusCommands(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  withPlace(root.command('status'))
    .description(
      'show workers and how they do, of this machine or of a cluster: one that is named in depth, several as a table',
    )
    .argument('[workers...]', 'names or types; without them all')
    .addOption(new Option('-o, --output <form>', 'more columns, or the objects').choices(outputForms))
    .option('-w, --watch', 'go on showing changes, until Ctrl-C')
    .addHelpText(
      'after',
      `${
        examples([
          ['status demo-worker', 'one worker in depth: conditions, consumers, backlog, codes, dead letters, events'],
          ['status demo-worker -o yaml', 'the object'],
          ['status --namespace shop --watch', 'in a cluster, until Ctrl-C'],
        ])
      }

${whichPlace}`,
    )
    .action(async (names: string[], { output, watch, ...flags }: StatusFlags, command: Command) => {
      const { printStatus, watchStatus } = await import('./status.ts');
      const options = { ...placeWords(flags, command), names, output };
      if (watch === undefined) return printStatus(options, printerColumns, io);
      if (output !== undefined && output !== 'wide') {
        throw new Failure(`--watch shows the table: leave out "-o ${output}"`, exitCodes.usage);
      }
      return watchStatus(options, printerColumns, io, io.interrupted());
    });
  withPlace(root.command('wait'))
    .description('wait until workers are ready, of this machine or of a cluster, for scripts and CI')
    .argument('[workers...]', 'names or types; without them all')
    .option('--timeout <seconds>', 'how long to wait', wholeNumber(1, 86_400), 60)
    .addHelpText(
      'after',
      `${
        examples([
          [`up examples/ & ${program} wait && ${program} send date-iso '{}'`, 'in a script: start, wait, ask'],
          ['wait demo-worker --namespace shop --timeout 300', 'in a pipeline, after the manifest was applied'],
        ])
      }

${whichPlace}

Exit codes: 0 all are ready, 1 one cannot run, is not there or has a wrong manifest, 2 wrong call, 3 not ready in time.`,
    )
    .action(async (names: string[], { timeout, ...flags }: WaitFlags, command: Command) => {
      const { untilReady } = await import('./wait.ts');
      finish(await untilReady({ ...placeWords(flags, command), names, timeoutSeconds: timeout }, io));
    });
}
