/** JSON lines on stdout: one object per line with `time`, `level`, `msg` and the fields of whoever logs. */
import { inTermsOfTheManifest } from './denials.ts';
import { guarded, plain, shown } from './foreign.ts';
import type { Logger } from '../mod.ts';

export type { Logger } from '../mod.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;

// Kept before user code runs, whose console becomes log lines too.
const print = console.log.bind(console);

/** A logger whose lines all carry `bound`. */
export function createLog(bound: Fields): Logger {
  const at = (level: Level) => (message: string, fields: Fields = {}) =>
    print(formatLine(level, message, bound, fields));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * One log line. Message and fields may be user code's: fields that JSON cannot carry are told as Deno shows them, and
 * those with a name the line has of its own come below `fields`.
 * @param bound fields of whoever logs
 */
export function formatLine(
  level: Level,
  message: unknown,
  bound: Fields,
  fields: Fields,
  time = new Date().toISOString(),
): string {
  const own = { time, level, msg: shown(message), ...bound };
  return guarded(() => JSON.stringify({ ...own, ...besides(own, fields) }), undefined) ??
    JSON.stringify({ ...own, fields: shown(fields) });
}

function besides(own: Fields, fields: Fields): Fields {
  const clashing = Object.keys(fields).filter((name) => Object.hasOwn(own, name));
  if (clashing.length === 0) return fields;
  const { ...others } = fields as Record<string, unknown>;
  const moved = Object.fromEntries(clashing.map((name) => [name, fields[name]]));
  for (const name of clashing) delete others[name];
  return { ...others, fields: moved };
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
  const text = (args: readonly unknown[]) => inTermsOfTheManifest(plain(args.map(shown).join(' ')));
  console.log = console.info = (...args: unknown[]) => log.info(text(args));
  console.debug = console.trace = (...args: unknown[]) => log.debug(text(args));
  console.warn = (...args: unknown[]) => log.warn(text(args));
  console.error = (...args: unknown[]) => log.error(text(args));
}
