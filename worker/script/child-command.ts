/** What the child is started with: its command line and its environment. Pure. */
import { encodeGatePassage, type GatePassage } from '../../contract/gate.ts';
import { env, proxyVariables, scriptRedisPort, telemetryVariables } from '../../contract/pod.ts';
import { FatalError } from '../pod/fatal.ts';
import { fileUrl } from '../pod/file-url.ts';
import type { RunnerArguments } from './arguments.ts';

/** Variables every Deno process needs; a script is given no others. */
const needed = ['PATH', 'HOME', 'DENO_DIR', 'DENO_NO_UPDATE_CHECK', 'NO_COLOR', 'TMPDIR'];

/** A folder there is none of. */
const nowhere = 'file:///nonexistent/';

/**
 * The program and arguments to start.
 *
 * A script always connects to port 6379: when the runner had to move to another one, the script is started with a
 * preloaded module that goes there. And it is one file: Deno asks for no right to read what the text of a program
 * imports, so that without an import map it could import the secrets of its pod, or any file of a laptop.
 * @throws FatalError when a script is not started by `deno run`.
 */
export function childCommand(asked: RunnerArguments, redirectUrl: URL): RunnerArguments['command'] {
  if (!asked.forward) return asked.command;
  const [program, run, ...args] = asked.command;
  const file = args.find((arg) => !arg.startsWith('-'));
  if (run !== 'run' || file === undefined) {
    throw new FatalError(
      'badConfig',
      `a script is started as "deno run … FILE KEY", not as "${asked.command.join(' ')}"`,
    );
  }
  const redirect = redirectTo(asked.forward.port, redirectUrl);
  return [
    program,
    run,
    ...redirect.map((url) => `--preload=${url}`),
    importsOnly([fileUrl(file), ...redirect]),
    ...args,
  ];
}

function redirectTo(port: number, redirectUrl: URL): string[] {
  if (port === scriptRedisPort) return [];
  const url = new URL(redirectUrl);
  url.searchParams.set('port', String(port));
  return [url.href];
}

/** The flag by which no file is found but these. */
function importsOnly(urls: readonly string[]): string {
  const imports = { 'file:///': nowhere, ...Object.fromEntries(urls.map((url) => [url, url])) };
  return `--import-map=data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
}

/**
 * The environment of the child. A script gets what every Deno process and its telemetry need and what its own `--allow-env=` names:
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
  const names = [...needed, ...telemetryVariables, ...allowedNames(asked.command)];
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
