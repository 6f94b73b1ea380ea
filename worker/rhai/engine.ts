/**
 * The Rhai engine, which is WebAssembly built from engine/. An instance is opened once; each script begins with the
 * memory as it was then, so that one leaves nothing to the next. A script that waits, for an answer or for its turn, keeps
 * nothing else from running: it has a stack of its own.
 */
import { engineDigest, enginePages } from './engine-digest.ts';

/** What scripts are held to. */
export interface Limits {
  readonly maxOperations: number;
  readonly maxCallLevels: number;
  readonly maxMemoryMiB: number;
}

/** Kinds of functions of the host. */
export type Ability = 'redis' | 'http' | 'progress';

/** What an engine is opened with. */
export interface EngineOptions extends Limits {
  /** What scripts read as CONTEXT_ID. */
  readonly contextId: string;
  /** Rhai that comes ahead of every script. */
  readonly prelude: string;
  readonly abilities: readonly Ability[];
}

/** What an engine asks while a script runs. */
export interface Host {
  /** What becomes of the script; asked many times in a millisecond. */
  verdict(): Verdict;
  /** Settles when it is the script's turn again. */
  pause(): Promise<void>;
  print(level: 'print' | 'debug', text: string, line: number, column: number): void;
  /** Answers a function of the host; the script waits. */
  ask(request: readonly string[]): Promise<Answer>;
}

/** The script goes on, ends, or goes on after others have had their turn. */
export const verdicts = { goOn: 0, end: 1, pause: 2 } as const;
export type Verdict = (typeof verdicts)[keyof typeof verdicts];

/** What a script came to: its value as Rhai shows it, or the error as Rhai tells it. */
export type ScriptResult = { readonly kind: 'value' | 'error'; readonly text: string };

/** An answer to a function of the host, as Rhai will see it. */
export type Answer = string | number | null | Error | readonly Answer[];

/** A script that is longer is not read: nothing stops the engine while it reads. */
export const maxScriptBytes = 256 * 1024;

/** Bytes an answer may have. */
export const maxAnswerBytes = 1 << 20;

const pageBytes = 64 * 1024;
const pagesPerMiB = 16;
/** What it allocates comes behind the pages it is built with: its stack and its data. */
const heapBegin = 128 * pageBytes;
/** An instance that has grown by more than this is made anew rather than kept. */
const mostGrownBytes = 4 << 20;
const kinds = ['print', 'debug', 'panic', 'outOfMemory'] as const;
const abilityBits: Readonly<Record<Ability, number>> = { redis: 1, http: 2, progress: 4 };

interface Exports {
  open(maxOperations: number, maxCallLevels: number, abilities: number): void;
  set_prelude(text: number, length: number): number;
  set_constant(which: number, text: number, length: number): void;
  run(text: number, length: number): number;
  result_at(): number;
  result_length(): number;
  take(length: number): number;
  used_to(): number;
  /** Where the data begins, for the stack grows down from here, and where it ends. */
  readonly __stack_pointer: WebAssembly.Global;
  readonly __heap_base: WebAssembly.Global;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Compiles the engine, once for all its instances.
 * @throws Error when the bytes are not those this runtime was made with
 */
export async function compileEngine(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const compiling = WebAssembly.compile(bytes);
  compiling.catch(() => {}); // what is wrong with other bytes does not matter
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const found = `sha256-${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  if (found !== engineDigest) {
    throw new Error(`the Rhai engine has the digest ${found}, and this runtime was made with ${engineDigest}`);
  }
  return await compiling;
}

/** Runs scripts, one at a time. */
export class Engine {
  readonly #module: WebAssembly.Module;
  readonly #options: EngineOptions;
  readonly #host: Host;
  #opened: Opened | undefined;

  /** @throws Error with what is wrong with the prelude */
  constructor(module: WebAssembly.Module, options: EngineOptions, host: Host) {
    this.#module = module;
    this.#options = options;
    this.#host = host;
    this.#opened = open(module, options, host);
  }

  /** Runs a script; whatever it does, the next one finds the engine as it was at first. */
  async run(script: string, callerId: string): Promise<ScriptResult> {
    const bytes = encoder.encode(script);
    if (bytes.length > maxScriptBytes) {
      return error(`the script has ${bytes.length} bytes, and may have ${maxScriptBytes}`);
    }
    const opened = this.#opened ??= open(this.#module, this.#options, this.#host);
    try {
      const result = await opened.run(bytes, callerId);
      if (!opened.restore()) this.#opened = undefined;
      return result;
    } catch (thrown) {
      this.#opened = undefined; // what is left of the instance is of no use
      return error(this.#whyTrapped(opened, thrown));
    }
  }

  #whyTrapped(opened: Opened, thrown: unknown): string {
    if (opened.outOfMemory) return `Out of memory: the script may use ${this.#options.maxMemoryMiB} MiB`;
    if (thrown instanceof RangeError) return 'Stack overflow';
    if (thrown instanceof WebAssembly.RuntimeError) {
      return opened.panic === undefined ? 'Stack overflow' : `the engine gave up: ${opened.panic}`;
    }
    throw thrown;
  }
}

/** An instance, and its memory as it was before any script. */
class Opened {
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Exports;
  readonly #run: (text: number, length: number) => Promise<number>;
  #snapshot: readonly { readonly from: number; readonly bytes: Uint8Array }[] = [];
  #size = 0;
  outOfMemory = false;
  panic: string | undefined;

  constructor(module: WebAssembly.Module, { maxMemoryMiB }: Limits, host: Host) {
    const maximum = enginePages + maxMemoryMiB * pagesPerMiB;
    const memory = new WebAssembly.Memory({ initial: enginePages, maximum });
    const { exports } = new WebAssembly.Instance(module, { env: { memory }, host: this.#imports(host, memory) });
    this.#memory = memory;
    this.#exports = exports as unknown as Exports;
    this.#run = returningLater(this.#exports.run);
  }

  open({ maxOperations, maxCallLevels, contextId, prelude, abilities }: EngineOptions): void {
    const bits = abilities.reduce((all, ability) => all | abilityBits[ability], 0);
    this.#exports.open(maxOperations, maxCallLevels, bits);
    if (prelude !== '' && this.#exports.set_prelude(...this.#put(encoder.encode(prelude))) !== 0) {
      throw new Error(this.#result());
    }
    this.#exports.set_constant(0, ...this.#put(encoder.encode(contextId)));
    const { __stack_pointer: dataBegin, __heap_base: dataEnd } = this.#exports;
    const used = [[dataBegin.value as number, dataEnd.value as number], [heapBegin, this.#exports.used_to()]] as const;
    const memory = new Uint8Array(this.#memory.buffer);
    this.#snapshot = used.map(([from, to]) => ({ from, bytes: memory.slice(from, to) }));
    this.#size = memory.length;
  }

  async run(script: Uint8Array, callerId: string): Promise<ScriptResult> {
    this.#exports.set_constant(1, ...this.#put(encoder.encode(callerId)));
    const kind = await this.#run(...this.#put(script)) === 0 ? 'value' : 'error';
    return { kind, text: this.#result() };
  }

  /** @returns false when it has grown so much that it had better be made anew */
  restore(): boolean {
    const memory = new Uint8Array(this.#memory.buffer);
    if (memory.length > this.#size + mostGrownBytes) return false;
    const usedTo = this.#exports.used_to();
    for (const { from, bytes } of this.#snapshot) memory.set(bytes, from);
    memory.fill(0, this.#exports.used_to(), usedTo);
    return true;
  }

  #put(bytes: Uint8Array): [at: number, length: number] {
    const at = this.#exports.take(bytes.length);
    new Uint8Array(this.#memory.buffer, at, bytes.length).set(bytes);
    return [at, bytes.length];
  }

  #result(): string {
    return this.#text(this.#exports.result_at(), this.#exports.result_length());
  }

  #text(at: number, length: number): string {
    return decoder.decode(new Uint8Array(this.#memory.buffer, at, length));
  }

  #imports(host: Host, memory: WebAssembly.Memory): WebAssembly.ModuleImports {
    let answer: Uint8Array = new Uint8Array();
    return {
      now: () => performance.now(),
      verdict: () => host.verdict(),
      pause: waitedFor(() => host.pause()),
      tell: (kind: number, at: number, length: number, line: number, column: number) => {
        const name = kinds[kind];
        const text = decoder.decode(new Uint8Array(memory.buffer, at, length));
        if (name === 'print' || name === 'debug') host.print(name, text, line, column);
        else if (name === 'outOfMemory') this.outOfMemory = true;
        else this.panic = text;
      },
      ask: waitedFor(async (at: number, length: number) => {
        answer = encodeAnswer(await host.ask(decodeRequest(new Uint8Array(memory.buffer, at, length))));
        return answer.length;
      }),
      answer: (at: number) => new Uint8Array(memory.buffer, at, answer.length).set(answer),
    };
  }
}

/** What the types of WebAssembly know nothing of yet. Where it is not there, engines can be opened and nothing be run. */
const { Suspending, promising } = WebAssembly as unknown as {
  readonly Suspending?: new (wait: (...args: number[]) => Promise<unknown>) => WebAssembly.ImportValue;
  promising?(run: (...args: number[]) => number): (...args: number[]) => Promise<number>;
};

/** A function that the module takes for one that answers at once. */
function waitedFor(wait: (...args: number[]) => Promise<unknown>): WebAssembly.ImportValue {
  return Suspending === undefined ? wait : new Suspending(wait);
}

function returningLater(run: (...args: number[]) => number): (...args: number[]) => Promise<number> {
  return promising?.(run) ?? (() => Promise.reject(new Error('this runtime cannot run scripts')));
}

function open(module: WebAssembly.Module, options: EngineOptions, host: Host): Opened {
  const opened = new Opened(module, options, host);
  opened.open(options);
  return opened;
}

function error(text: string): ScriptResult {
  return { kind: 'error', text };
}

/** Texts, each ahead of it its length in bytes and a colon. */
function decodeRequest(bytes: Uint8Array): string[] {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const colon = bytes.indexOf(0x3a, at);
    const end = colon + 1 + Number(decoder.decode(bytes.subarray(at, colon)));
    parts.push(decoder.decode(bytes.subarray(colon + 1, end)));
    at = end;
  }
  return parts;
}

/** An answer as the engine reads it; a zero ends each part, so that texts lose theirs. */
function encodeAnswer(answer: Answer): Uint8Array {
  const bytes = encoder.encode(encoded(answer));
  if (bytes.length <= maxAnswerBytes) return bytes;
  return encoder.encode(encoded(new Error(`the answer has ${bytes.length} bytes, and may have ${maxAnswerBytes}`)));
}

function encoded(answer: Answer): string {
  if (answer === null) return '_\0';
  if (typeof answer === 'number') return `:${answer}\0`;
  if (typeof answer === 'string') return `+${withoutZeros(answer)}\0`;
  if (answer instanceof Error) return `-${withoutZeros(answer.message)}\0`;
  return `*${answer.length}\0${answer.map(encoded).join('')}`;
}

function withoutZeros(text: string): string {
  return text.replaceAll('\0', '');
}
