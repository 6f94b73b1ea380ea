/** The words of `redisworker dead`. What it does is read when it is asked for, as with every command. */
import type { Command } from 'commander';
import { deadLetterStreamKey, requestStreamKey } from '../contract/keys.ts';
import { type Call, inClusterHelp, whereItIs, withCluster } from './cluster-words.ts';
import type { ClusterFlags } from './in-operator.ts';
import type { TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  stream?: string;
  name: string;
}

/** Adds `dead list|show|redrive|purge` to the program. */
export function addDeadCommand(program: Command, call: Call): void {
  const dead = program.command('dead')
    .description('requests that nobody could finish: look at them, send them again, remove them')
    .addHelpText(
      'after',
      examples([
        ['dead list demo-worker', 'the newest, with the reason of each'],
        ['dead redrive demo-worker 1700000000000-0', 'run one again, once its cause is mended'],
        ['dead purge demo-worker --all --yes', 'remove every one, for good'],
        [
          'dead list demo-worker --namespace shop',
          "in a cluster, with the right to run commands in the operator's pod",
        ],
      ]),
    );
  addList(dead, call);
  addShow(dead, call);
  addRedrive(dead, call);
  addPurge(dead, call);
}

function addList(dead: Command, call: Call): void {
  withCommonWords(dead.command('list').description('list the dead letters of a type, newest first'))
    .option('--limit <count>', 'how many', wholeNumber(1, 100_000), 100)
    .addHelpText('after', examples([['dead list demo-worker --limit 1000', 'more of them']]))
    .action((type: string, flags: Flags & { limit: number }) =>
      whereItIs(flags, call, async () => (await import('./dead.ts')).listLetters({ type, ...flags }, call.io))
    );
}

function addShow(dead: Command, call: Call): void {
  withCommonWords(
    dead.command('show').description(
      'show one dead letter with every field; what is no text is quoted as redis-cli does',
    ),
  )
    .argument('<id>', 'id of the dead letter')
    .addHelpText(
      'after',
      examples([['dead show demo-worker 1700000000000-0', 'the whole request and why it died']]),
    )
    .action((type: string, id: string, flags: Flags) =>
      whereItIs(flags, call, async () => (await import('./dead.ts')).showLetter({ type, ...flags }, id, call.io))
    );
}

function addRedrive(dead: Command, call: Call): void {
  withCommonWords(
    dead.command('redrive').description(
      'send dead letters back to the request stream, with their fields byte for byte; tasks to their list',
    ),
  )
    .argument('[id]', 'id of the dead letter')
    .option('--all', 'every one that is there now')
    .option('--to <key>', `request stream, when the manifest names another than ${requestStreamKey('<type>')}`)
    .addHelpText(
      'after',
      `${
        examples([
          ['dead redrive demo-worker 1700000000000-0', 'run one again'],
          ['dead redrive demo-worker --all', 'run all again'],
        ])
      }

A letter goes from the one stream to the other in one step: repeating the command after a failure sends nothing twice.`,
    )
    .action((type: string, id: string | undefined, { all, ...flags }: Flags & { all?: true; to?: string }) =>
      whereItIs(
        flags,
        call,
        async () =>
          (await import('./dead.ts')).redriveLetters({ type, ...flags }, { id, ...(all && { all }) }, call.io),
      )
    );
}

function addPurge(dead: Command, call: Call): void {
  withCommonWords(dead.command('purge').description('remove dead letters for good'))
    .argument('[id]', 'id of the dead letter')
    .option('--all', 'every one that is there now')
    .option('--yes', 'do it: without this it only says what it would remove')
    .addHelpText(
      'after',
      examples([
        ['dead purge demo-worker 1700000000000-0 --yes', 'remove one'],
        ['dead purge demo-worker --all', 'tell how many --yes would remove'],
      ]),
    )
    .action((type: string, id: string | undefined, { all, yes, ...flags }: Flags & { all?: true; yes?: true }) =>
      whereItIs(
        flags,
        call,
        async () =>
          (await import('./dead.ts')).purgeLetters(
            { type, ...flags },
            { id, ...(all && { all }), ...(yes && { yes }) },
            call.io,
          ),
      )
    );
}

function withCommonWords(command: Command): Command {
  return withCluster(withSessionRedis(command.argument('<type>', 'worker type')))
    .option(
      '--stream <key>',
      `dead-letter stream, when the manifest names another than ${deadLetterStreamKey('<type>')}`,
    )
    .addOption(sessionOption())
    .addHelpText('after', `\n${inClusterHelp}`);
}
