/** Loads the user's module. */
import { FatalError } from './fatal.ts';
import { fileUrl } from './file-url.ts';
import { messageOf, positionOf } from './foreign.ts';
import { guardNodeProcess } from './guard.ts';
import type { Handler } from '../mod.ts';
import { after } from './timers.ts';

const loadTimeoutMs = 60_000;

/**
 * Imports the module at `path` and gives its default export.
 * @throws FatalError (badSource) with what is wrong with it.
 */
export async function loadHandler(path: string): Promise<Handler> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const module = await withinTime(load(path), name);
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

async function load(path: string): Promise<Record<string, unknown>> {
  await guardNodeProcess(await Deno.readTextFile(path));
  return await import(fileUrl(path));
}

function withinTime(loading: Promise<Record<string, unknown>>, name: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string, cause?: unknown) =>
      reject(new FatalError('badSource', `the module ${name} ${why}`, { cause }));
    const timer = after(loadTimeoutMs, () => refuse(`did not finish loading within ${loadTimeoutMs / 1000} s`));
    loading.then(resolve, (cause: unknown) => {
      const position = positionOf(cause);
      refuse(`cannot be loaded: ${messageOf(cause)}${position === undefined ? '' : ` (${position})`}`, cause);
    }).finally(() => timer.cancel());
  });
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
