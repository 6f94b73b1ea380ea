/** `redisworker completion`: what shells complete its words by. */
import { Argument, type Command } from 'commander';
import type { Io } from './io.ts';
import { completionScript, shells } from './completion.ts';
import { examples } from './words.ts';

/** Adds `completion` to the program, of whose commands it tells. */
export function addCompletionCommand(root: Command, io: Io): void {
  root.command('completion')
    .description('print a script by which a shell completes commands, options and their values')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .addHelpText(
      'after',
      examples([
        ['completion bash > ~/.local/share/bash-completion/completions/redisworker', 'for every new bash'],
        ['completion zsh > ~/.zfunc/_redisworker', 'with ~/.zfunc in fpath, before compinit'],
        ['completion fish > ~/.config/fish/completions/redisworker.fish', 'for every new fish'],
      ]),
    )
    .action((shell: (typeof shells)[number]) => io.out(completionScript(root, shell).trimEnd()));
}
