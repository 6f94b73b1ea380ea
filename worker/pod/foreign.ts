/**
 * Reads values that are not ours: what user code throws, returns and logs. Reading any part of one may run its code,
 * which may throw, so all of it is done here, and nothing here throws.
 */
import { inTermsOfTheManifest } from './denials.ts';

/** A message goes to the caller, two streams, a hash and the log. */
const maxMessage = 4096;
const maxStack = 8192;
/** Where our own files are: the folder of `worker/`, or of the one file it is bundled into. */
const ourFolder = new URL('..', import.meta.url).href;

// Kept before user code runs.
const inspect = Deno.inspect;

/** What `read` gives; `otherwise` when it throws. */
export function guarded<T, Otherwise>(read: () => T, otherwise: Otherwise): T | Otherwise {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** A property of anything; undefined where there is none, or it cannot be read. */
export function propertyOf(value: unknown, name: PropertyKey): unknown {
  return guarded(() => (value as Record<PropertyKey, unknown>)[name], undefined);
}

/** True for what was made by `class`, or claims to be. */
export function isInstance<T>(value: unknown, of: abstract new (...args: never[]) => T): value is T {
  return guarded(() => value instanceof of, false);
}

/** Any value as text, as Deno shows it. */
export function shown(value: unknown): string {
  return guarded(
    () => typeof value === 'string' ? value : String(inspect(value, { depth: 4, strAbbreviateSize: maxMessage })),
    'something that cannot be shown',
  );
}

/** The whole message of whatever was thrown, but bounded. */
export function fullMessage(thrown: unknown): string {
  const message = isInstance(thrown, Error) ? messageOfError(thrown) : shown(thrown);
  return toldPlainly(message).slice(0, maxMessage);
}

/** The message of whatever was thrown, in one line. */
export function messageOf(thrown: unknown): string {
  return fullMessage(thrown).split('\n', 1)[0] ?? '';
}

/** The stack of an error, with positions in the user's own file and without our frames; undefined when it has none. */
export function stackOf(thrown: unknown): string | undefined {
  const stack = isInstance(thrown, Error) ? propertyOf(thrown, 'stack') : undefined;
  if (typeof stack !== 'string') return undefined;
  return inTermsOfTheManifest(withOwnFileNames(withoutOurFrames(plain(stack.slice(0, maxStack)))));
}

/** Where in the user's file something happened, as `worker.ts:16:22`; undefined when nothing says so. */
export function positionOf(thrown: unknown): string | undefined {
  // Deno tells it on further lines of the message, or in the stack.
  const text = withoutOurFrames(
    plain(`${shown(propertyOf(thrown, 'message'))}\n${shown(propertyOf(thrown, 'stack'))}`),
  );
  const [, inSource, name] = new RegExp(place).exec(text) ?? [];
  return inSource ?? name;
}

/** A place in a file: below the folder of the module, which a source map names the author's files from, or elsewhere. */
const place = /\bfile:\/\/\/(?:\S*\/run\/redisworker\/source\/(\S+:\d+:\d+)|(?:[^\s/]*\/)*([^\s/]+:\d+:\d+))/g;

/** A place in a file, as {@link positionOf} tells it. */
const placeInMessage = /^(.*?)(?: at)? file:\/\/\/\S+:\d+:\d+$/;

/** A sentence without the place that V8 and Deno put at its end. */
export function withoutPlace(sentence: string): string {
  return placeInMessage.exec(sentence)?.[1] ?? sentence;
}

/** Longest part of a line of code that is quoted. */
const maxCode = 80;

/** A line of code as a message quotes it: around the column, when all of it is too long. */
export function quotedCode(line: string, column = 1): string {
  const code = plain(line).trimEnd();
  if (code.trim().length <= maxCode) return code.trim();
  const from = Math.max(0, Math.min(column - 1 - maxCode / 2, code.length - maxCode));
  const part = code.slice(from, from + maxCode).trim().toWellFormed();
  return `${from > 0 ? '…' : ''}${part}${from + maxCode < code.length ? '…' : ''}`;
}

/** Text without the codes of terminal colours. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- the escape character is what colour codes begin with
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}

/** A message may be anything, and that of a failed fetch says nothing without its cause. */
function messageOfError(error: Error): string {
  const [message, name] = [propertyOf(error, 'message'), propertyOf(error, 'name')];
  const said = message === undefined || message === '' ? (typeof name === 'string' && name) || 'Error' : shown(message);
  const cause = propertyOf(propertyOf(error, 'cause'), 'message');
  const [why = ''] = typeof cause === 'string' ? cause.split('\n', 1) : [];
  return inTermsOfTheManifest(why) === why || said.includes(why) ? said : `${said}: ${why}`;
}

function toldPlainly(text: string): string {
  return inTermsOfTheManifest(plain(text));
}

function withoutOurFrames(stack: string): string {
  return stack.split('\n').filter((line) => !line.includes(ourFolder)).join('\n');
}

/** The user wrote one file, or several that were made one, wherever the pod has it. */
function withOwnFileNames(stack: string): string {
  return stack.replaceAll(place, (_all, inSource?: string, name?: string) => inSource ?? name ?? '');
}
