/** One process of the user's: started with its key line, told to stop, waited for. */
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { pause } from '../pod/timers.ts';
import type { ChildEnd } from './child-end.ts';

/** How much of what it wrote to stderr is kept: a full heap is told above two screens of other things. */
const keptBytes = 16 * 1024;
/** How long what it wrote may take to arrive once it has ended, in ms. */
const arrivalMs = 1000;

/** How to start and stop it. */
export interface ChildOptions {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** Written to its stdin, which is then closed; empty for a child that needs none. */
  readonly keyLine: string;
  /** Aborted with the signal to pass on as its reason. */
  readonly stop: AbortSignal;
  /** Milliseconds after that signal until it is killed. */
  readonly graceMs: number;
}

/**
 * Runs a child to its end.
 * @throws FatalError when it cannot be started
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const child = spawn(options);
  const released = passSignalOn(child, options);
  const words = new LastWords();
  try {
    const copied = passOn(child.stderr, words);
    await Promise.all([giveKey(child, options.keyLine), child.status]);
    await Promise.race([copied, pause(arrivalMs)]);
    const { code, signal } = await child.status;
    return { code, signal, lastWords: words.text() };
  } finally {
    released();
  }
}

function spawn({ command: [program, ...args], environment }: ChildOptions): Deno.ChildProcess {
  const env = { ...environment };
  try {
    return new Deno.Command(program, { args, env, clearEnv: true, stdin: 'piped', stdout: 'inherit', stderr: 'piped' })
      .spawn();
  } catch (cause) {
    throw new FatalError('failed', `"${program}" cannot be started: ${messageOf(cause)}`, { cause });
  }
}

/** Passes what the child writes on as it comes. */
async function passOn(from: ReadableStream<Uint8Array>, words: LastWords): Promise<void> {
  for await (const bytes of from) {
    words.add(bytes);
    for (let sent = 0; sent < bytes.length;) sent += await Deno.stderr.write(bytes.subarray(sent));
  }
}

/** The end of a long text. */
class LastWords {
  #bytes = new Uint8Array();

  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    this.#bytes = all.subarray(-keptBytes);
  }

  text(): string {
    return new TextDecoder().decode(this.#bytes);
  }
}

async function giveKey(child: Deno.ChildProcess, keyLine: string): Promise<void> {
  const stdin = child.stdin.getWriter();
  try {
    if (keyLine !== '') await stdin.write(new TextEncoder().encode(keyLine));
    await stdin.close();
  } catch {
    // The child ended, or closed its stdin, without reading the line: its exit code tells the rest.
  }
}

/** @returns a function that ends the watch over the child */
function passSignalOn(child: Deno.ChildProcess, { stop, graceMs }: ChildOptions): () => void {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    kill(child, stop.reason as Deno.Signal);
    patience = setTimeout(() => kill(child, 'SIGKILL'), graceMs);
  };
  if (stop.aborted) tell();
  else stop.addEventListener('abort', tell, { once: true });
  return () => {
    stop.removeEventListener('abort', tell);
    clearTimeout(patience);
  };
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has just ended.
  }
}
