/** The terminal as the commands see it, so that they can be run without one. */
import { env } from 'node:process';
import { text } from 'node:stream/consumers';

/** Where a command reads and writes. */
export interface Io {
  /** Prints a line of the result. */
  out(line: string): void;
  /** Prints a line of progress or of failure. */
  err(line: string): void;
  /** Everything on standard input. */
  input(): Promise<string>;
  /** A person reads the result: print it for the eye. */
  readonly terminal: boolean;
  readonly colours: boolean;
  readonly environment: Environment;
}

/** The environment variables the command line looks at. */
export interface Environment {
  /** Password of the Redis a command connects to, as redis-cli reads it. */
  readonly redisPassword?: string;
  /** Folder for files that live as long as the login session. */
  readonly runtimeFolder?: string;
}

/** The process's own standard streams and environment. */
export function processIo(): Io {
  const { REDISCLI_AUTH: redisPassword, XDG_RUNTIME_DIR: runtimeFolder, NO_COLOR: noColour } = env;
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    input: () => text(process.stdin),
    terminal: process.stdout.isTTY,
    colours: process.stdout.isTTY && !noColour,
    environment: {
      ...(redisPassword ? { redisPassword } : {}),
      ...(runtimeFolder ? { runtimeFolder } : {}),
    },
  };
}

/** Settles at the first SIGINT or SIGTERM; later ones change nothing. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}
