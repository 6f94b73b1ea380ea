/** Loads the user's module, and keeps it from ending the process. */
import { FatalError, messageOf } from './fatal.ts';
import type { Handler, Logger } from '../mod.ts';
import { after } from './timers.ts';

const loadTimeoutMs = 60_000;

/**
 * Imports the module at `path` and gives its default export.
 * @throws FatalError (badSource) with what is wrong with it.
 */
export async function loadHandler(path: string): Promise<Handler> {
  const module = await withinTime(import(fileUrl(path)), path);
  if (!('default' in module)) {
    throw new FatalError(
      'badSource',
      `the module ${path} has no default export; write "export default (request, context) => …"`,
    );
  }
  if (typeof module.default !== 'function') {
    throw new FatalError(
      'badSource',
      `the default export of ${path} must be a function, not ${kindOf(module.default)}`,
    );
  }
  return module.default as Handler;
}

/** From now on user code can neither exit the process nor end it by an error nobody caught. */
export function guardProcess(log: Logger): void {
  const refuse = (code?: number): never => {
    throw new Error(`exit(${code ?? ''}) was called; a worker's code cannot end the process, it returns or throws`);
  };
  Object.defineProperty(Deno, 'exit', { value: refuse, writable: false, configurable: false });
  Object.defineProperty(globalThis, 'close', { value: refuse, writable: false, configurable: false });
  globalThis.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    log.error('a promise was rejected and nobody handled it', {
      reason: messageOf(event.reason),
      stack: stackOf(event.reason),
    });
  });
  globalThis.addEventListener('error', (event) => {
    event.preventDefault();
    log.error('an error was thrown outside of any request', {
      reason: messageOf(event.error),
      stack: stackOf(event.error),
    });
  });
}

function withinTime(loading: Promise<Record<string, unknown>>, path: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = after(
      loadTimeoutMs,
      () =>
        reject(
          new FatalError('badSource', `the module ${path} did not finish loading within ${loadTimeoutMs / 1000} s`),
        ),
    );
    loading.then(resolve, (cause: unknown) => {
      reject(
        new FatalError('badSource', `the module ${path} cannot be loaded: ${messageOf(cause)}${positionOf(cause)}`, {
          cause,
        }),
      );
    }).finally(() => timer.cancel());
  });
}

/** Where in which file; Deno tells it on further lines of the message, or in the stack. */
function positionOf(error: unknown): string {
  const text = error instanceof Error ? stripAnsiCode(`${error.message}\n${error.stack ?? ''}`) : '';
  const [, position] = /\bfile:\/\/(\/\S+:\d+:\d+)/.exec(text) ?? [];
  return position === undefined ? '' : ` (${position})`;
}

function stripAnsiCode(text: string): string {
  // deno-lint-ignore no-control-regex -- the escape character is what colour codes begin with
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}

function fileUrl(path: string): string {
  return `file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : typeof value;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
