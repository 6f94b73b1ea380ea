/** The words of `redisworker hats`. What it does is read when it is asked for, as with every command. */
import type { Command } from 'commander';
import { type Call, inClusterHelp, whereItIs, withCluster } from './cluster-words.ts';
import type { ClusterFlags } from './in-operator.ts';
import { type PlaceFlags, placeWords, whichPlace, withPlace } from './place-words.ts';
import type { TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  cluster?: string;
  name: string;
}

interface RunFlags extends Flags {
  timeout: number;
}

interface LogFlags extends PlaceFlags {
  follow?: true;
}

const scriptWord = 'its name, with Threads: or Jobs: in front where both have one of that name';

/** Adds `hats list|show|enable|disable|run|logs|import` to the program. */
export function addHatsCommand(program: Command, call: Call): void {
  const hats = program.command('hats')
    .description('scripts of a HATS cluster: look at them, run one, switch them on and off')
    .addHelpText(
      'after',
      examples([
        ['hats list hats', 'threads and jobs with their state, whoever wrote them'],
        ['hats show hats Threads:shout.js', 'one with every field'],
        ['hats run hats count.js', 'once and now, with what it logs'],
        ['hats disable hats Jobs:count.js', 'end it until it is enabled again'],
      ]),
    );
  addList(hats, call);
  addShow(hats, call);
  addSwitch(hats, call, 'enable', 'let a script run again, as after a crash');
  addSwitch(hats, call, 'disable', 'end a script until it is enabled again');
  addRun(hats, call);
  addLogs(hats, call);
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
    .argument('<script>', scriptWord)
    .addHelpText('after', examples([['hats show hats Threads:shout.js', 'its source, its state, its last error']]))
    .action((type: string, script: string, flags: Flags) =>
      whereItIs(flags, call, async () => (await import('./hats.ts')).showScript({ type, ...flags }, script, call.io))
    );
}

function addSwitch(hats: Command, call: Call, word: 'enable' | 'disable', description: string): void {
  withCommonWords(hats.command(word).description(description))
    .argument('<script>', scriptWord)
    .addHelpText('after', examples([[`hats ${word} hats Threads:shout.js`, description]]))
    .action((type: string, script: string, flags: Flags) =>
      whereItIs(
        flags,
        call,
        async () => (await import('./hats.ts')).switchScript({ type, ...flags }, script, `${word}d`, call.io),
      )
    );
}

function addRun(hats: Command, call: Call): void {
  withCommonWords(
    hats.command('run').description('run a job, or main() of a thread, once and now, and print what it logs'),
  )
    .argument('<script>', scriptWord)
    .option('--timeout <seconds>', 'how long to wait for its end', wholeNumber(1, 86_400), 60)
    .addHelpText(
      'after',
      `${examples([['hats run hats count.js', 'also when it is disabled']])}

A thread that runs keeps what it knows: its worker calls main() at once. One that does not run is begun and ended for
this call. What it logs goes to standard output, warnings and errors to standard error. Exit codes: 0 it ended well,
1 it failed or nobody ran it, 2 wrong call.`,
    )
    .action((type: string, script: string, { timeout, ...flags }: RunFlags) =>
      whereItIs(
        flags,
        call,
        async () => (await import('./hats-run.ts')).runScript({ type, ...flags }, script, timeout, call.io),
      )
    );
}

function addLogs(hats: Command, { io, finish }: Call): void {
  withPlace(hats.command('logs'), { manyNamespaces: false })
    .description('print what a script has logged, and what became of it, whichever pod ran it')
    .argument('<type>', 'name or type of the worker')
    .argument('<script>', scriptWord)
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .addHelpText('after', `${examples([['hats logs hats shout.js -f', 'as it comes']])}\n\n${whichPlace}`)
    .action(async (name: string, script: string, { follow, ...flags }: LogFlags, command: Command) => {
      const place = placeWords(flags, command);
      const [{ logs }, { isClusterMeant }] = await Promise.all([import('./logs.ts'), import('./choose-place.ts')]);
      const wanted = { ...place, name, script, ref: undefined, consumer: undefined, follow: follow ?? false };
      finish(await logs(wanted, await isClusterMeant(place, io), io, io.interrupted()));
    });
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
    .option('--cluster <name>', 'name of the HATS cluster, where no manifest is at hand that names it')
    .addOption(sessionOption())
    .addHelpText('after', `\n${inClusterHelp}`);
}
