/** The words of `redisworker status` and `redisworker wait`. */
import { type Command, Option } from 'commander';
import { printerColumns } from '../operator/api/printer-columns.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import type { OutputForm } from './status.ts';
import { examples, sessionOption, wholeNumber } from './words.ts';

const outputForms: readonly OutputForm[] = ['wide', 'yaml', 'json'];

interface StatusFlags {
  output?: OutputForm;
  watch?: true;
  name: string;
}

interface WaitFlags {
  timeout: number;
  name: string;
}

/** Adds `status` and `wait` to the program. */
export function addStatusCommands(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  root.command('status')
    .description(`show the workers of the running "${program} up", as "kubectl get redisworkers" does in a cluster`)
    .argument('[workers...]', 'names or types; without them all')
    .addOption(new Option('-o, --output <form>', 'more columns, or the objects').choices(outputForms))
    .option('-w, --watch', 'go on showing changes, until Ctrl-C')
    .addOption(sessionOption())
    .addHelpText('after', examples([['status demo-worker -o yaml', 'everything about one worker']]))
    .action(async (names: string[], { output, watch, name }: StatusFlags) => {
      const { printStatus, watchStatus } = await import('./status.ts');
      const options = { session: name, names, output };
      if (watch === undefined) return printStatus(options, printerColumns, io);
      if (output !== undefined && output !== 'wide') {
        throw new Failure(`--watch shows the table: leave out "-o ${output}"`, exitCodes.usage);
      }
      return watchStatus(options, printerColumns, io, io.interrupted());
    });
  root.command('wait')
    .description(`wait until the workers of the running "${program} up" are ready, for scripts and CI`)
    .argument('[workers...]', 'names or types; without them all')
    .option('--timeout <seconds>', 'how long to wait', wholeNumber(1, 86_400), 60)
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([[`up examples/ & ${program} wait && ${program} send date-iso '{}'`, 'in a script: start, wait, ask']])
      }

Exit codes: 0 all are ready, 1 one cannot run or a manifest is wrong, 2 wrong call, 3 not ready in time.`,
    )
    .action(async (names: string[], { name, timeout }: WaitFlags) =>
      finish(await (await import('./wait.ts')).untilReady({ session: name, names, timeoutSeconds: timeout }, io))
    );
}
