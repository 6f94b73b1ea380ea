/** One process that runs scripts, as its host has it: started, given orders, answered, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Buffer } from 'node:buffer';
import type { ScriptFailure } from '../../contract/hats.ts';
import { closedFlags } from '../../contract/pod.ts';
import { messageOf } from '../pod/foreign.ts';
import { decodeText } from '../redis/text.ts';
import { commandIn, encodeAnswerText, isCommand, type ScriptCommand } from './vm/commands.ts';
import { encodeFrame, Frames } from './vm/frames.ts';
import type { Answer, Operation, Order, Report } from './vm/messages.ts';

/** MiB of objects a script may hold at once. */
export const heapMiB = 64;
/** Bytes of a message of a script: what it writes into Redis, sends or answers at once. */
const mostBytes = 16 * 1024 * 1024;

/** Flags of a process of ours inside a pod: nothing of its environment either. */
export const closedProcess = [...closedFlags, '--ignore-env'];

/** The same for a process that has a package in its program: in a checkout that lies in a folder, in the image it is a part of it. */
export const closedButPackages = closedProcess.map((
  flag,
) => (flag === '--no-npm' ? '--node-modules-dir=manual' : flag));

/** Answers a script; `undefined` where the answer is to be that it ends. */
export type AnswerTo = (operation: Operation, args: readonly unknown[]) => Promise<unknown>;

/** Whose script a process runs at the moment. */
export interface Tenant {
  readonly answer: AnswerTo;
  /** The same of a command for Redis. */
  redis(command: ScriptCommand): Promise<unknown>;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

/** How an order came out: done, or what the script threw, or why the process is no more. */
export type Outcome =
  /** `result` of an answer, as it was told. */
  | { readonly kind: 'done'; readonly result?: string }
  | { readonly kind: 'failed'; readonly failure: ScriptFailure }
  | { readonly kind: 'gone'; readonly why: string };

/** The answer to a script that is to end. */
export const ending = Symbol('ending');

/** A process with a context of its own for one script at a time. */
export class VmProcess {
  readonly #child: ChildProcess;
  readonly #frames = new Frames(mostBytes);
  /** Settles once it can be given orders, or has ended before. */
  readonly ready: Promise<void>;
  /** Settles once it is no more. */
  readonly ended: Promise<void>;
  #becameReady: () => void = () => {};
  #hasEnded: () => void = () => {};
  #tenant: Tenant | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  #gone: Outcome | undefined;
  #words = '';

  constructor(entry: URL) {
    this.ready = new Promise((resolve) => (this.#becameReady = resolve));
    this.ended = new Promise((resolve) => (this.#hasEnded = resolve));
    const flags = [`--v8-flags=--max-old-space-size=${heapMiB},--stack-size=800`];
    this.#child = spawn('deno', ['run', ...closedProcess, ...flags, entry.href], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment(),
    });
    this.#child.stdout?.on('data', (chunk: Uint8Array) => this.#take(chunk));
    this.#child.stderr?.on('data', (chunk: Uint8Array) => {
      this.#words = (this.#words + Buffer.from(chunk).toString()).slice(-8192);
    });
    this.#child.stdin?.on('error', () => {}); // it has just ended: its end tells why
    this.#child.on('error', (error) => this.#end(messageOf(error)));
    this.#child.on('exit', (code, signal) => this.#end(whyGone(code, signal, this.#words)));
  }

  /** Whether it can be given orders. */
  get isAlive(): boolean {
    return this.#gone === undefined;
  }

  /** Gives an order and waits until it is carried out, answering the script meanwhile. */
  async run(order: Order, tenant: Tenant): Promise<Outcome> {
    await this.ready;
    if (this.#gone) return this.#gone;
    this.#tenant = tenant;
    return await new Promise((resolve) => {
      this.#settle = resolve;
      this.#send(order);
    });
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    if (this.#gone === undefined) this.#child.kill('SIGKILL');
    this.#end('it was ended');
  }

  #send(message: Order | Answer): void {
    this.#child.stdin?.write(encodeFrame(message));
  }

  #take(chunk: Uint8Array): void {
    this.#frames.add(chunk);
    try {
      for (let bytes = this.#frames.nextBytes(); bytes !== undefined; bytes = this.#frames.nextBytes()) {
        if (isCommand(bytes)) void this.#answer(this.#carryOut(bytes));
        else this.#hear(JSON.parse(decodeText(bytes)) as Report);
      }
    } catch (error) {
      this.#end(messageOf(error));
      this.#child.kill('SIGKILL');
    }
  }

  #hear(report: Report): void {
    switch (report.say) {
      case 'ready':
        return this.#becameReady();
      case 'done':
        return this.#settle?.({ kind: 'done', ...(report.result === undefined ? {} : { result: report.result }) });
      case 'failed':
        return this.#settle?.({ kind: 'failed', failure: { error: report.error, at: report.at } });
      case 'log':
        return this.#tenant?.log(report.level, report.text);
      case 'ask':
        void this.#answer(this.#tenant?.answer(report.operation, report.args));
    }
  }

  /** @throws Error for a message that is not exactly one command */
  #carryOut(bytes: Uint8Array): Promise<unknown> | undefined {
    const command = commandIn(bytes);
    if (command === undefined) throw new Error('the process of the script sent what is no command');
    return this.#tenant?.redis(command);
  }

  /** @param asked absent when nobody is there to answer */
  async #answer(asked: Promise<unknown> = Promise.resolve(ending)): Promise<void> {
    const value = await asked.catch(() => undefined);
    if (typeof value === 'string') this.#child.stdin?.write(encodeAnswerText(value));
    else this.#send(value === ending ? { end: true } : { value });
  }

  #end(why: string): void {
    if (this.#gone) return;
    this.#gone = { kind: 'gone', why };
    this.#becameReady();
    this.#hasEnded();
    this.#settle?.(this.#gone);
  }
}

/** Of processes scripts run in, and what they send goes through. Nothing of the pod's own: neither where its Redis is nor where its secrets lie. */
export function environment(): Record<string, string> {
  return { NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1', ...processEnvironment };
}

const processEnvironment: Record<string, string> = {};

/** Keeps what every Deno process needs to find its program and its cache; before the right to read it is given up. */
export function keepProcessEnvironment(readEnv: (name: string) => string | undefined): void {
  for (const name of ['PATH', 'HOME', 'DENO_DIR']) {
    const value = readEnv(name);
    if (value !== undefined) processEnvironment[name] = value;
    Deno.permissions.revokeSync({ name: 'env', variable: name });
  }
}

/** The exit code of the same end where a shell would tell it. */
const heapIsFull = 133;

function whyGone(code: number | null, signal: string | null, words: string): string {
  // V8 gives up that way when its heap is full; on some systems its last words come too late to be read.
  if (signal === 'SIGTRAP' || code === heapIsFull || /heap out of memory/i.test(words)) {
    return `RangeError: the script holds more than ${heapMiB} MiB`;
  }
  return `the process of the script ended with ${signal === null ? `exit code ${code}` : signal}`;
}
