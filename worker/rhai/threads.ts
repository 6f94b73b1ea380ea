/** The threads of a process: each runs one script at a time, and is started when it is first needed. */
import { FatalError } from '../pod/fatal.ts';
import { type Answer, encodeAnswer, type EngineOptions, type ScriptResult } from './engine.ts';
import {
  answerAt,
  maxAnswerBytes,
  type ThreadMessage,
  type ThreadSetup,
  type ThreadTask,
  word,
} from './thread-messages.ts';

/** What threads are made of. */
export interface ThreadOptions {
  /** Where the program of a thread is. */
  readonly url: URL;
  readonly module: WebAssembly.Module;
  readonly engine: EngineOptions;
  readonly timeoutMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
}

/** What a script that runs asks of its worker. */
export interface Asked {
  print(level: 'print' | 'debug', text: string, line: number): void;
  /** @param until aborted once the script is to end */
  ask(request: readonly string[], until: AbortSignal): Promise<Answer>;
}

/** A script in a thread. */
interface Running {
  readonly asked: Asked;
  readonly startedMs: number;
  readonly stop: AbortController;
  readonly resolve: (result: ScriptResult) => void;
}

/** A thread looks whether it is to stop many times in a millisecond; one that does not is beyond help. */
const stuckMs = 5000;

/** One thread. */
class Thread {
  readonly #worker: Worker;
  readonly #shared = new SharedArrayBuffer(answerAt + maxAnswerBytes);
  readonly #words = new Int32Array(this.#shared, 0, answerAt / Int32Array.BYTES_PER_ELEMENT);
  readonly #options: ThreadOptions;
  readonly ready: Promise<void>;
  #running: Running | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  readonly #broken: (error: Error) => void;

  constructor(options: ThreadOptions, broken: (error: Error) => void) {
    this.#options = options;
    this.#broken = broken;
    this.#worker = new Worker(options.url, { type: 'module', name: 'rhai' });
    this.ready = new Promise((resolve, reject) => this.#settle = { resolve, reject });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadMessage>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new FatalError('failed', `a thread that runs scripts has ended: ${event.message}`));
    };
    const setup: ThreadSetup = { module: options.module, options: options.engine, shared: this.#shared };
    this.#worker.postMessage(setup);
  }

  get isFree(): boolean {
    return this.#running === undefined;
  }

  run(task: ThreadTask, asked: Asked): Promise<ScriptResult> {
    Atomics.store(this.#words, word.stop, 0);
    return new Promise((resolve) => {
      this.#running = { asked, startedMs: this.#options.now(), stop: new AbortController(), resolve };
      this.#worker.postMessage(task);
    });
  }

  /** Ends a script whose time is over. @returns false when it did not end although it was told to: it is given up */
  endOverdue(): boolean {
    if (this.#running === undefined) return true;
    const { startedMs, resolve } = this.#running;
    const overMs = this.#options.now() - startedMs - this.#options.timeoutMs;
    if (overMs >= 0) this.stop();
    if (overMs < stuckMs) return true;
    resolve({ kind: 'error', text: 'Script terminated: it did not end when its time was over' });
    return false;
  }

  /** Has the script that runs end. */
  stop(): void {
    Atomics.store(this.#words, word.stop, 1);
    this.#running?.stop.abort();
  }

  close(): void {
    this.#worker.terminate();
  }

  #hear(message: ThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        return this.#settle?.resolve();
      case 'badPrelude':
        return this.#fail(new FatalError('badSource', `the prelude cannot be used: ${message.text}`));
      case 'broken':
        return this.#fail(new FatalError('failed', `the engine cannot be used any more: ${message.text}`));
      case 'print':
        return this.#running?.asked.print(message.level, message.text, message.line);
      case 'ask':
        return void this.#answer(message.request);
      case 'done': {
        const running = this.#running;
        this.#running = undefined;
        return running?.resolve(message.result);
      }
    }
  }

  async #answer(request: readonly string[]): Promise<void> {
    if (this.#running === undefined) return;
    const { asked, stop } = this.#running;
    let bytes = encodeAnswer(await answerWithin(asked, request, stop.signal));
    if (bytes.length > maxAnswerBytes) {
      bytes = encodeAnswer(new Error(`the answer has ${bytes.length} bytes, and may have ${maxAnswerBytes}`));
    }
    new Uint8Array(this.#shared, answerAt).set(bytes);
    Atomics.store(this.#words, word.answer, bytes.length + 1);
    Atomics.notify(this.#words, word.answer);
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#broken(error);
  }
}

/** Once the script is to end it is not kept waiting for anything. */
function answerWithin(asked: Asked, request: readonly string[], until: AbortSignal): Promise<Answer> {
  const over = new Promise<Answer>((resolve) => {
    const end = () => resolve(new Error('the time of the script is over'));
    if (until.aborted) end();
    else until.addEventListener('abort', end, { once: true });
  });
  const answer = asked.ask(request, until).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error))
  );
  return Promise.race([answer, over]);
}

/** As many threads as scripts may run at once. */
export class Threads {
  readonly #options: ThreadOptions;
  /** Scripts that may run at once. */
  readonly most: number;
  readonly #threads: Thread[] = [];
  readonly #broken: (error: Error) => void;

  /** @param broken told why no thread can be trusted any more: the process has to end */
  constructor(options: ThreadOptions, most: number, broken: (error: Error) => void) {
    this.#options = options;
    this.most = most;
    this.#broken = broken;
  }

  /** Starts the first one, which finds out whether the prelude can be used. @throws FatalError when it cannot */
  async start(): Promise<void> {
    await this.#add().ready;
  }

  /** Whether a script can begin now. */
  get hasRoom(): boolean {
    return this.#threads.length < this.most || this.#threads.some(({ isFree }) => isFree);
  }

  /** Runs a script; only while {@link hasRoom}. */
  run(task: ThreadTask, asked: Asked): Promise<ScriptResult> {
    return (this.#threads.find(({ isFree }) => isFree) ?? this.#add()).run(task, asked);
  }

  /** @returns false when a script does not end although it was told to: nothing but the end of the process ends it */
  endOverdue(): boolean {
    return this.#threads.map((thread) => thread.endOverdue()).every(Boolean);
  }

  /** Has every script end. */
  stop(): void {
    for (const thread of this.#threads) thread.stop();
  }

  close(): void {
    for (const thread of this.#threads) thread.close();
  }

  #add(): Thread {
    const thread = new Thread(this.#options, this.#broken);
    thread.ready.catch(() => {}); // told by way of `broken`
    this.#threads.push(thread);
    return thread;
  }
}
