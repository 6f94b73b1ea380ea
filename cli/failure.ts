/** How a command ends: its exit code, and the one sentence it fails with. */

/** Exit codes of the command line. */
export const exitCodes = {
  ok: 0,
  /** The command could not be done, or the reply carries an error code. */
  failed: 1,
  /** The command was called wrongly. */
  usage: 2,
  /** No reply came in time. */
  timedOut: 3,
  /** Ctrl-C came first, as shells count it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure the user is told in one sentence: what, where, the fix. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  constructor(sentence: string, exitCode: ExitCode = exitCodes.failed, options?: ErrorOptions) {
    super(sentence, options);
    this.exitCode = exitCode;
  }
}

/** The code of a system error (`ENOENT`, `ECONNREFUSED` …), if it is one. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For `catch`, where a path the user named leads to nothing. */
export function wrongPath(error: unknown): never {
  throw new Failure(messageOf(error), exitCodes.usage, { cause: error });
}

/** Turns an error whose message already is a sentence for the user into a failure; for `catch`. */
export function fail(error: unknown): never {
  throw new Failure(messageOf(error), exitCodes.failed, { cause: error });
}
