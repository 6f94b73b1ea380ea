/** The words of `redisworker call`. */
import type { Command } from 'commander';
import { requestStreamKey } from '../contract/keys.ts';
import { callFields } from '../contract/request.ts';
import { type Call, inClusterHelp, whereItIs, withCluster } from './cluster-words.ts';
import { exitCodes, Failure } from './failure.ts';
import type { ClusterFlags } from './in-operator.ts';
import { program } from './program.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  timeout: number;
  ref?: string;
  stream?: string;
  name: string;
}

/** Adds `call` to the program. */
export function addCallCommand(root: Command, call: Call): void {
  const { io } = call;
  const command = root.command('call')
    .description('call a function of a module, of workers with runtime: Modules, and print the reply')
    .argument('<type>', 'worker type')
    .argument('<module.function>', 'the module and its function')
    .argument('[arguments]', 'the arguments as a JSON list; "-" reads them from standard input', '[]');
  withCluster(withSessionRedis(command))
    .option('--timeout <seconds>', 'how long to wait for the reply', wholeNumber(1, 86_400), 30)
    .option('--ref <ref>', 'reference of the request; without it a random one')
    .option('--stream <key>', `request stream, when the manifest names another than ${requestStreamKey('<type>')}`)
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          [`call modules greeting.hello '["Ada"]'`, `to a worker of the running "${program} up"`],
          [`call modules visits.count '["Ada"]' --namespace shop`, 'to a worker of a cluster'],
        ])
      }

${inClusterHelp}

Exit codes: those of send.`,
    )
    .action((type: string, name: string, given: string, { redis, timeout, name: session, ...rest }: Flags) =>
      whereItIs({ redis, ...rest }, call, async () => {
        const [{ runSend }, { readJson }] = await Promise.all([import('./run-send.ts'), import('./send.ts')]);
        const json = listOf(await readJson(given, io));
        const tlsFiles = tlsFilesOf(rest);
        const fields = functionOf(name);
        const words = { type, session, redisUrl: redis, tlsFiles, timeoutSeconds: timeout, ...rest };
        return runSend({ ...words, json, fields }, io, io.interrupted());
      })
    );
}

/** @throws Failure (usage) for what names no function of a module */
function functionOf(name: string): Record<string, string> {
  const [, module, functionName] = /^([^.]+)\.([^.]+)$/.exec(name) ?? [];
  if (module === undefined || functionName === undefined) {
    throw new Failure(`"${name}" names no function of a module: write module.function`, exitCodes.usage);
  }
  return { [callFields.module]: module, [callFields.function]: functionName };
}

/** @throws Failure (usage) for JSON that is no list */
function listOf(json: string): string {
  if (Array.isArray(JSON.parse(json))) return json;
  throw new Failure(`the arguments must be a list: write '[${json}]'`, exitCodes.usage);
}
