/** The command line of the runner: `<config hash key> [--forward=<host:port>] -- <command…>`. */
import { type Address, readAddress } from '../pod/address.ts';
import { FatalError } from '../pod/fatal.ts';

/** What the command line asks for. */
export interface RunnerArguments {
  readonly hashKey: string;
  /** Where a script finds its Redis; absent for a child that speaks to Redis by itself. */
  readonly forward?: Address;
  /** The child: program and arguments. */
  readonly command: readonly [string, ...string[]];
}

const usage = 'usage: runner.ts <config hash key> [--forward=<host:port>] -- <command…>';

/**
 * Reads the command line.
 * @throws FatalError with the usage when it is not understood.
 */
export function parseArguments(args: readonly string[]): RunnerArguments {
  const end = args.indexOf('--');
  const [hashKey, ...options] = args.slice(0, Math.max(end, 0));
  const [program, ...rest] = end < 0 ? [] : args.slice(end + 1);
  if (!hashKey || hashKey.startsWith('--')) throw refused('the config hash key is missing');
  if (!program) throw refused('the command of the child is missing after "--"');
  let forward: Address | undefined;
  for (const option of options) {
    const value = /^--forward=(.*)$/.exec(option)?.[1];
    if (value === undefined) throw refused(`the option "${option}" is unknown`);
    forward = readAddress(value, '--forward');
  }
  return { hashKey, command: [program, ...rest], ...(forward ? { forward } : {}) };
}

function refused(why: string): FatalError {
  return new FatalError('badConfig', `${why}; ${usage}`);
}
