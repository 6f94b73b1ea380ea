/** The log: JSON lines for machines, coloured lines on a terminal. Secrets never get in. */
import { type DestinationStream, type LoggerOptions, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { wantsColours } from './colours.ts';

/** Levels that can be asked for, from chatty to quiet. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What the product logs with: fields first, then one constant sentence. */
export interface Log {
  debug(fields: object, message: string): void;
  debug(message: string): void;
  info(fields: object, message: string): void;
  info(message: string): void;
  warn(fields: object, message: string): void;
  warn(message: string): void;
  error(fields: object, message: string): void;
  error(message: string): void;
  /** A log that adds `fields` to every line. */
  child(fields: object): Log;
}

/** How to log. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON [when stdout is a terminal]. */
  readonly pretty?: boolean;
  /** Colours in lines for people [when stdout is to have them]. */
  readonly colours?: boolean;
  /** Where lines go [stdout]. */
  readonly destination?: DestinationStream;
}

/** Names of fields whose values never appear, at the top of a line and up to three levels below. */
const secretNames = ['password', 'token', 'key', 'secret', 'authorization', 'aesKey', 'encryptedJson'];
const redacted = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]);

/** Makes the log of the process. Lines are written synchronously, so none is lost when the process ends. */
export function createLog(
  { level, pretty = process.stdout.isTTY, colours = wantsColours(process.stdout), destination }: LogOptions,
): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redacted, censor: '[redacted]' },
    serializers: {
      err: describeError,
      error: (value: unknown) => (value instanceof Error ? describeError(value) : value),
    },
  };
  const lines = destination ?? pino.destination({ fd: 1, sync: true });
  return pino(options, pretty ? prettyLines(lines, colours) : lines);
}

/** What is told of an error, and nothing else: errors of clients carry the arguments of the call, passwords among them. */
interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly reason?: string;
  readonly status?: number;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

const deepestCause = 5;

function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code, reason, status } = error as { code?: unknown; reason?: unknown; status?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause !== undefined && depth < deepestCause ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}

function prettyLines(destination: DestinationStream, colours: boolean): DestinationStream {
  const pretty = prettyFactory({ colorize: colours, translateTime: 'SYS:HH:MM:ss' });
  return { write: (line) => destination.write(pretty(line)) };
}
