/** The words of `redisworker init`. */
import { type Command, Option } from 'commander';
import type { ExitCode } from './failure.ts';
import { type TemplateName, templates } from './init/templates.ts';
import type { Io } from './io.ts';
import { examples } from './words.ts';

/** Adds `init` to the program. */
export function addInitCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const kinds = Object.entries(templates).map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`);
  root.command('init')
    .description('make a folder with all a new worker needs: module, manifest, test spec, types for an editor')
    .argument('<name>', 'name and type of the worker, and of the folder')
    .addOption(
      new Option('--template <name>', 'what to begin with').choices(Object.keys(templates)).default('handler'),
    )
    .addHelpText(
      'after',
      `${examples([['init greeter', 'then "up", "send", "test" and "deploy", as it says']])}

Templates:
${kinds.join('\n')}`,
    )
    .action(async (name: string, { template }: { template: TemplateName }) => {
      finish(await (await import('./init/init.ts')).init(name, template, io));
    });
}
