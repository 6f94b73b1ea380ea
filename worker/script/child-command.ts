/** What the child is started with: its command line and its environment. Pure. */
import { encodeGatePassage, type GatePassage } from '../../contract/gate.ts';
import { env, proxyVariables, scriptRedisPort } from '../../contract/pod.ts';
import { FatalError } from '../pod/fatal.ts';
import type { RunnerArguments } from './arguments.ts';

/** Variables every Deno process needs; a script is given no others. */
const needed = ['PATH', 'HOME', 'DENO_DIR', 'DENO_NO_UPDATE_CHECK', 'NO_COLOR', 'TMPDIR'];

/**
 * The program and arguments to start.
 *
 * A script always connects to port 6379: when the runner had to move to another one, the script is started with a
 * preloaded module that goes there.
 * @throws FatalError when the port is another one and the child is no `deno run`.
 */
export function childCommand(asked: RunnerArguments, redirectUrl: URL): RunnerArguments['command'] {
  const [program, ...args] = asked.command;
  if (!asked.forward || asked.forward.port === scriptRedisPort) return asked.command;
  if (args[0] !== 'run') {
    throw new FatalError(
      'badConfig',
      `a script can be moved from port ${scriptRedisPort} to ${asked.forward.port} only as "deno run …", not as "${program} ${
        args[0] ?? ''
      }"`,
    );
  }
  const redirect = new URL(redirectUrl);
  redirect.searchParams.set('port', String(asked.forward.port));
  return [program, 'run', `--preload=${redirect.href}`, ...args.slice(1)];
}

/**
 * The environment of the child. A script gets what every Deno process needs and what its own `--allow-env=` names:
 * neither the address nor the password file of the real Redis. The image's cache of Deno is filled for our own files and
 * read-only, so a script's own lies below HOME. A Handler runtime reads its settings there: it gets all, and what the
 * runner found at the network gate.
 */
export function childEnvironment(
  asked: RunnerArguments,
  own: Readonly<Record<string, string>>,
  gate?: GatePassage,
): Record<string, string> {
  if (!asked.forward) return { ...own, ...(gate ? { [env.networkGate]: encodeGatePassage(gate) } : {}) };
  const names = [...needed, ...allowedNames(asked.command)];
  const given = Object.fromEntries(names.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));
  const withCache = own['DENO_DIR'] !== undefined && own['HOME'] !== undefined;
  return {
    ...given,
    ...(withCache ? { DENO_DIR: `${own['HOME']}/deno` } : {}),
    // Empty rather than absent, and last: then nothing the program is started with can name one.
    ...Object.fromEntries(proxyVariables.map((name) => [name, ''])),
  };
}

function allowedNames(command: readonly string[]): string[] {
  const flag = '--allow-env=';
  return command.filter((arg) => arg.startsWith(flag)).flatMap((arg) => arg.slice(flag.length).split(','));
}
