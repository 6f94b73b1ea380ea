/**
 * Keeps user code from ending the process unawares. What it cannot keep it from: `abort` imported by name from
 * node:process, a Worker of its own that kills the process, a heap that is full, and code that never yields. Then the
 * pod is started again, and the request it died of is set aside after `spec.handler.maxDeliveries` times.
 */
import { messageOf, shown, stackOf } from './foreign.ts';
import type { Logger } from '../mod.ts';

const hint = "a worker's code cannot end the process, it returns or throws";

/** Parts of node:process that end a process; the named exports `exit` and `kill` go through the ones with a strange name. */
const deadly = ['exit', 'reallyExit', 'kill', '_kill', 'abort'];

/** From now on user code can neither end the process nor bring it down by an error nobody caught. */
export function guardProcess(log: Logger): void {
  fix(Deno, 'exit', refusal('exit'));
  fix(Deno, 'kill', refusal('kill'));
  fix(globalThis, 'close', refusal('close'));
  hideInternals();
  guardWhenAsked();
  globalThis.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    tell(log, 'a promise was rejected and nobody handled it', event.reason);
  });
  globalThis.addEventListener('error', (event) => {
    event.preventDefault();
    tell(log, 'an error was thrown outside of any request', event.error);
  });
}

/** As {@link guardProcess}, for code that imports node:process, which takes Deno so long to make that others do without. */
export async function guardNodeProcess(moduleText: string): Promise<void> {
  if (/["'`](?:node:)?process["'`]/.test(moduleText)) guardNode((await import('node:process')).default);
}

/** Below this symbol Deno shows its own operations, one of which ends the process. Nothing of Deno's looks for them there. */
function hideInternals(): void {
  const { internal } = Deno as unknown as { readonly internal: symbol };
  Reflect.deleteProperty(Deno, internal);
}

/** The global `process` is made when it is first asked for. */
function guardWhenAsked(): void {
  const made = Object.getOwnPropertyDescriptor(globalThis, 'process');
  if (!made?.get) return;
  const get = made.get.bind(globalThis);
  Object.defineProperty(globalThis, 'process', { ...made, get: () => guardNode(get()) });
}

function guardNode<Process extends object>(process: Process): Process {
  for (const name of deadly) fix(process, name, refusal(`process.${name}`));
  return process;
}

function refusal(name: string): (...args: unknown[]) => never {
  return (...args) => {
    throw new Error(`${name}(${args.map(shown).join(', ')}) was called; ${hint}`);
  };
}

function fix(owner: object, name: string, value: unknown): void {
  const isFixed = Object.getOwnPropertyDescriptor(owner, name)?.configurable === false;
  if (!isFixed) Object.defineProperty(owner, name, { value, writable: false, configurable: false });
}

function tell(log: Logger, message: string, thrown: unknown): void {
  log.error(message, { reason: messageOf(thrown), stack: stackOf(thrown) });
}
