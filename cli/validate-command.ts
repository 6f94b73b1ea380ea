/** The words of `redisworker validate`. */
import { env } from 'node:process';
import type { Command } from 'commander';
import { type CodeFlags, withCodeFlags } from '../operator/code-flags.ts';
import { type ObjectFlags, readObjectFlags, withObjectFlags } from '../operator/object-flags.ts';
import { withRedisFlags } from '../operator/redis-flags.ts';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { examples } from './words.ts';

interface Flags extends ObjectFlags, CodeFlags {
  readonly namespace: string;
}

/** Adds `validate` to the program. */
export function addValidateCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const command = root.command('validate')
    .description('say what a cluster would say of manifest files, with file and line; it asks nobody')
    .argument('<files...>', 'manifest files, folders of them, or - for standard input')
    .option('-n, --namespace <name>', 'namespace of documents that name none', 'default');
  withCodeFlags(withObjectFlags(withRedisFlags(command))).addHelpText(
    'after',
    `${
      examples([
        ['validate worker.yaml', 'while you write, and in CI'],
        ['validate deploy/ --deny-pod-field labels', 'for a cluster whose admin forbids a field'],
      ])
    }

It finds fields there are not, values and rules the API server refuses, hosts no network can be opened to, workers that
contradict each other, and code that is no TypeScript, or no Rhai. Of a module that source.file names it follows the
imports too: a file that is not there, a name nobody knows, a file outside of the project. Types, packages and modules of
the network are looked at when it is bundled. What the files do not hold, as a Secret that is named, may be there.

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong call.`,
  ).action(async (files: string[], flags: Flags) => {
    const { validate } = await import('./validate.ts'); // the whole operator, which the quick commands do not wait for
    const { readDefaultRedis } = await import('../operator/redis-settings.ts');
    const { shapingOptions } = await import('../operator/defaults.ts');
    const { readCodeFlags } = await import('../operator/code-settings.ts');
    const settings = { ...readDefaultRedis(command, env), ...readObjectFlags(flags) };
    const { registries, ...code } = readCodeFlags(flags);
    const options = { ...shapingOptions(settings), registries, redisHosts: { allowed: flags.redisHosts } };
    finish(await validate({ files, namespace: flags.namespace, options, code }, io));
  });
}
