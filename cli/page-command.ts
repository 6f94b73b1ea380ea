/** The words of `redisworker page`. */
import type { Command } from 'commander';
import { type AccessFlags, withAccess } from './access-words.ts';
import type { Call } from './cluster-words.ts';
import { usualPagePort } from './page-port.ts';
import { examples, wholeNumber } from './words.ts';

interface Flags extends AccessFlags {
  operatorNamespace: string;
  serviceAccount?: string;
  port?: number;
}

/** Adds `page` to the program. */
export function addPageCommand(root: Command, { io, finish }: Call): void {
  const command = root.command('page')
    .description("show the status page of a cluster's operator on this machine, until Ctrl-C")
    .requiredOption('--operator-namespace <name>', 'where the operator is; its pods are shown who you are')
    .option(
      '--service-account <name>',
      "show a token of this ServiceAccount there, made for an hour, in place of the kubeconfig's own",
    )
    .option(
      '--port <port>',
      `port of 127.0.0.1 [${usualPagePort}, or any other when that is taken]`,
      wholeNumber(0, 65_535),
    );
  withAccess(command)
    .addHelpText(
      'after',
      `${
        examples([
          ['page --operator-namespace redisworker', 'as whom the kubeconfig logs in with a token'],
          ['page --operator-namespace redisworker --service-account page', 'where it logs in with a certificate'],
        ])
      }

The operator serves it with the value page.enabled of its chart, read-only, to those who may get the nonResourceURL
/page. It is reached through the API server, which takes the right to list pods and to get and create
pods/portforward where the operator is. The address that is printed carries a token that is new each time.`,
    )
    .action(async ({ operatorNamespace, serviceAccount, port, ...access }: Flags) => {
      const { showPage } = await import('./page.ts');
      finish(await showPage({ operatorNamespace, serviceAccount, port, ...access }, io, io.interrupted()));
    });
}
