/** The words of `redisworker deploy`. */
import { env } from 'node:process';
import type { Command } from 'commander';
import { type AccessFlags, withAccess } from './access-words.ts';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { type ModuleFlags, readModuleFlags, withModuleFlags } from './module-flags.ts';
import { examples, wholeNumber } from './words.ts';

interface Flags extends ModuleFlags, AccessFlags {
  namespace?: string;
  timeout: number;
  forceConflicts?: true;
}

/** Adds `deploy` to the program. */
export function addDeployCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const command = root.command('deploy')
    .description('build manifests as "build" does, apply them to a cluster, and wait until their workers are ready')
    .argument('<files...>', 'manifest files, folders of them, or modules such as greet.ts')
    .option('-n, --namespace <name>', 'namespace of documents that name none [that of the context, or "default"]');
  withAccess(command)
    .option('--timeout <seconds>', 'how long to wait for the workers', wholeNumber(1, 86_400), 120)
    .option('--force-conflicts', 'take over fields that others have written');
  withModuleFlags(command).addHelpText(
    'after',
    `${
      examples([
        ['deploy greet.yaml', 'to the cluster of the context'],
        ['deploy workers/ -n shop --timeout 300', 'in a pipeline'],
        ['deploy greet.ts --allow-net api.example.com:443', 'a module without a manifest'],
      ])
    }

Nothing is applied unless all of it can be built and the cluster takes all of it. It is server-side apply, with
ConfigMaps before the workers that name them; doing it again changes nothing.

It ends early where a worker cannot run, and where its code has ended three times.

Exit codes: 0 all workers are ready, 1 something is wrong or a worker cannot run, 2 wrong call, 3 not ready in time.`,
  ).action(async (files: string[], flags: Flags) => {
    const { namespace, kubeconfig, context, timeout: timeoutSeconds, forceConflicts, ...moduleFlags } = flags;
    const { deploy } = await import('./deploy.ts'); // the schema and all, which the quick commands do not wait for
    const { moduleBundler } = await import('./bundle-module.ts');
    const settings = readModuleFlags(moduleFlags);
    const access = { kubeconfig, context };
    const options = { files, settings, namespace, ...access, timeoutSeconds, force: forceConflicts === true };
    finish(await deploy(options, moduleBundler({ environment: env }), io));
  });
}
