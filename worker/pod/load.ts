/** Loads the user's module. */
import { FatalError } from './fatal.ts';
import { fileUrl } from './file-url.ts';
import { messageOf, positionOf, propertyOf, quotedCode, shown, withoutPlace } from './foreign.ts';
import { guardNodeProcess } from './guard.ts';
import type { Handler } from '../mod.ts';
import { after } from './timers.ts';

const loadTimeoutMs = 60_000;

/**
 * Imports the module at `path` and gives its default export.
 * @throws FatalError with what is wrong: `badSource` when nothing but another module helps, else `failed`
 */
export async function loadHandler(path: string): Promise<Handler> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const text = await Deno.readTextFile(path);
  await guardNodeProcess(text);
  const module = await withinTime(import(fileUrl(path)), name, text);
  if (!('default' in module)) {
    throw new FatalError(
      'badSource',
      `the module ${name} has no default export; write "export default (request, context) => …"`,
    );
  }
  const wrong = whyNoHandler(module.default);
  if (wrong) throw new FatalError('badSource', `the default export of ${name} must be a function, not ${wrong}`);
  return module.default as Handler;
}

function withinTime(
  loading: Promise<Record<string, unknown>>,
  name: string,
  text: string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = after(
      loadTimeoutMs,
      () =>
        reject(new FatalError('failed', `the module ${name} did not finish loading within ${loadTimeoutMs / 1000} s`)),
    );
    loading.then(resolve, (cause: unknown) => reject(whyNotLoaded(cause, name, text))).finally(() => timer.cancel());
  });
}

/**
 * Code that runs and throws may do better next time, when what it asked for is there. What does not parse will
 * not: Deno and V8 put its place into the message then, not only into the stack.
 */
function whyNotLoaded(cause: unknown, name: string, text: string): FatalError {
  const position = positionOf(cause);
  const isBad = /\bfile:\/\/\/\S+:\d+:\d+/.test(shown(propertyOf(cause, 'message')));
  const [, line = '', column = ''] = /:(\d+):(\d+)$/.exec(position ?? '') ?? [];
  const code = isBad && position === `${name}:${line}:${column}` ? text.split('\n')[Number(line) - 1] : undefined;
  const place = position === undefined ? '' : ` (${position})`;
  const quoted = code === undefined ? '' : `: ${quotedCode(code, Number(column))}`;
  const sentence = `the module ${name} cannot be loaded: ${withoutPlace(messageOf(cause))}${place}${quoted}`;
  return new FatalError(isBad ? 'badSource' : 'failed', sentence, { cause });
}

/** What a default export is that cannot be called for each request; undefined for a function that can. */
function whyNoHandler(value: unknown): string | undefined {
  if (value === null) return 'null';
  if (typeof value !== 'function') return typeof value === 'object' ? 'an object' : typeof value;
  const text = Function.prototype.toString.call(value);
  if (/^class\b/.test(text)) return 'a class; export one that makes it and calls its method';
  return /^(?:async\s+)?(?:function\s*)?\*/.test(text)
    ? 'a generator, whose body would never run; write "async function" and return the whole result'
    : undefined;
}
