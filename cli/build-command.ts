/** The words of `redisworker build`. */
import { env } from 'node:process';
import type { Command } from 'commander';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { type ModuleFlags, readModuleFlags, withModuleFlags } from './module-flags.ts';
import { examples } from './words.ts';

interface Flags extends ModuleFlags {
  output?: string;
  check?: true;
}

/** Adds `build` to the program. */
export function addBuildCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const command = root.command('build')
    .description('make manifests a cluster can run: modules that are files become ConfigMaps')
    .argument('<files...>', 'manifest files, folders of them, or modules such as greet.ts')
    .option('-o, --output <folder>', 'write one file of each into this folder, in the place of printing them')
    .option('--check', 'write nothing; say which files of the folder are not what their sources make');
  withModuleFlags(command).addHelpText(
    'after',
    `${
      examples([
        ['build greet.yaml | kubectl apply -f -', 'bring a module and all it imports into a cluster'],
        ['build workers/ -o deploy/', 'for Git, kustomize or Argo CD; the same sources give the same bytes'],
        ['build workers/ -o deploy/ --check', 'in CI'],
      ])
    }

Types are checked. A ConfigMap is immutable and has the digest of its code in its name: another code is
another one. What one ConfigMap does not hold is compressed into several.

Exit codes: 0 built, 1 something is wrong or not as it would be made, 2 wrong call.`,
  ).action(async (files: string[], { output, check, ...flags }: Flags) => {
    if (check && output === undefined) {
      throw new Failure('--check compares with a folder: name it with -o', exitCodes.usage);
    }
    const { build } = await import('./build.ts'); // the schema and all, which the quick commands do not wait for
    const { moduleBundler } = await import('./bundle-module.ts');
    const settings = readModuleFlags(flags);
    finish(await build({ files, output, check, settings }, moduleBundler({ environment: env }), io));
  });
}
