/** JSON lines on stdout: one object per line with `time`, `level`, `msg` and the fields of whoever logs. */
import type { Logger } from '../mod.ts';

export type { Logger } from '../mod.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;

// Kept before user code runs, whose console becomes log lines too.
const print = console.log.bind(console);

/** A logger whose lines all carry `bound`. */
export function createLog(bound: Fields): Logger {
  const at = (level: Level) => (message: string, fields: Fields = {}) =>
    print(formatLine(level, message, { ...bound, ...fields }));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** One log line; fields that JSON cannot carry are told in Deno's own notation. */
export function formatLine(level: Level, msg: string, fields: Fields, time = new Date().toISOString()): string {
  try {
    return JSON.stringify({ time, level, msg, ...fields });
  } catch {
    return JSON.stringify({ time, level, msg, fields: Deno.inspect(fields, { depth: 4 }) });
  }
}

/** Passes on to `tell` what is not the sentence it was told last. */
export function tellOnce(tell: (sentence: string) => void): (sentence: string) => void {
  let last = '';
  return (sentence) => {
    if (sentence !== last) tell(sentence);
    last = sentence;
  };
}

/** Turns `console.*` of user code into log lines, so that stdout stays one format. */
export function captureConsole(log: Logger): void {
  const text = (args: readonly unknown[]) =>
    args.map((arg) => (typeof arg === 'string' ? arg : Deno.inspect(arg))).join(' ');
  console.log = console.info = (...args: unknown[]) => log.info(text(args));
  console.debug = console.trace = (...args: unknown[]) => log.debug(text(args));
  console.warn = (...args: unknown[]) => log.warn(text(args));
  console.error = (...args: unknown[]) => log.error(text(args));
}
