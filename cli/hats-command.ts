/** The words of `redisworker hats`. What it does is read when it is asked for, as with every command. */
import type { Command } from 'commander';
import { type Call, inClusterHelp, whereItIs, withCluster } from './cluster-words.ts';
import type { ClusterFlags } from './in-operator.ts';
import type { TlsOptions } from './redis-options.ts';
import { examples, sessionOption, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  cluster?: string;
  name: string;
}

/** Adds `hats list|show|enable|disable|import` to the program. */
export function addHatsCommand(program: Command, call: Call): void {
  const hats = program.command('hats')
    .description('scripts of a HATS cluster: look at them, switch them on and off')
    .addHelpText(
      'after',
      examples([
        ['hats list hats', 'threads and jobs with their state, whoever wrote them'],
        ['hats show hats Threads:shout.js', 'one with every field'],
        ['hats disable hats Jobs:count.js', 'end it until it is enabled again'],
      ]),
    );
  addList(hats, call);
  addShow(hats, call);
  addSwitch(hats, call, 'enable', 'let a script run again, as after a crash');
  addSwitch(hats, call, 'disable', 'end a script until it is enabled again');
  addImport(hats, call);
}

function addList(hats: Command, call: Call): void {
  withCommonWords(hats.command('list').description('list the scripts the workers of a type have found'))
    .addHelpText('after', examples([['hats list hats --namespace shop', 'in a cluster']]))
    .action((type: string, flags: Flags) =>
      whereItIs(flags, call, async () => (await import('./hats.ts')).listScripts({ type, ...flags }, call.io))
    );
}

function addShow(hats: Command, call: Call): void {
  withCommonWords(hats.command('show').description('show a script with every field'))
    .argument('<script>', 'Threads:<name> or Jobs:<name>')
    .addHelpText('after', examples([['hats show hats Threads:shout.js', 'its source, its state, its last error']]))
    .action((type: string, script: string, flags: Flags) =>
      whereItIs(flags, call, async () => (await import('./hats.ts')).showScript({ type, ...flags }, script, call.io))
    );
}

function addSwitch(hats: Command, call: Call, word: 'enable' | 'disable', description: string): void {
  withCommonWords(hats.command(word).description(description))
    .argument('<script>', 'Threads:<name> or Jobs:<name>')
    .addHelpText('after', examples([[`hats ${word} hats Threads:shout.js`, description]]))
    .action((type: string, script: string, flags: Flags) =>
      whereItIs(
        flags,
        call,
        async () => (await import('./hats.ts')).switchScript({ type, ...flags }, script, `${word}d`, call.io),
      )
    );
}

function addImport(hats: Command, { io, finish }: Call): void {
  hats.command('import')
    .description('print an environment of hatter as a manifest')
    .argument('<file>', 'its file, such as env/env.config')
    .option('--name <name>', 'name of the worker', 'hats')
    .addHelpText('after', examples([['hats import env/env.config > hats.yaml', 'a manifest with its scripts in it']]))
    .action(async (file: string, { name }: { name: string }) =>
      finish(await (await import('./hats-import.ts')).importEnvironment(file, name, io))
    );
}

function withCommonWords(command: Command): Command {
  return withCluster(withSessionRedis(command.argument('<type>', 'worker type')))
    .option('--cluster <name>', 'name of the cluster, when the manifest names another than the worker type')
    .addOption(sessionOption())
    .addHelpText('after', `\n${inClusterHelp}`);
}
