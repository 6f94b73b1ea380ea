/** Scripts that run at once: each in an engine of its own, which is opened when it is first needed. They take turns. */
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { type Answer, Engine, type EngineOptions, type Host, type ScriptResult, verdicts } from './engine.ts';
import type { Turns } from './turns.ts';

/** What engines are made of. */
export interface EnginesOptions {
  readonly module: WebAssembly.Module;
  readonly engine: EngineOptions;
  readonly timeoutMs: number;
  readonly turns: Turns;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
}

/** A script to run. */
export interface Script {
  readonly script: string;
  readonly callerId: string;
}

/** What a script that runs asks of its worker. */
export interface Asked {
  print(level: 'print' | 'debug', text: string, line: number): void;
  /** @param until aborted once the script is to end */
  ask(request: readonly string[], until: AbortSignal): Promise<Answer>;
}

/** A script in its engine. */
interface Running {
  readonly asked: Asked;
  readonly endMs: number;
  /** What it waits for is given up by it; made when it first waits. */
  stop: AbortController | undefined;
  isStopped: boolean;
}

/** One engine, and the script that runs in it. */
class Slot {
  readonly #options: EnginesOptions;
  readonly #engine: Engine;
  #running: Running | undefined;

  /** @throws Error with what is wrong with the prelude */
  constructor(options: EnginesOptions) {
    this.#options = options;
    this.#engine = new Engine(options.module, options.engine, this.#host());
  }

  get isFree(): boolean {
    return this.#running === undefined;
  }

  async run({ script, callerId }: Script, asked: Asked): Promise<ScriptResult> {
    const { timeoutMs, turns, now } = this.#options;
    this.#running = { asked, endMs: now() + timeoutMs, stop: undefined, isStopped: false };
    try {
      if (turns.isOver()) await turns.next();
      return await this.#engine.run(script, callerId);
    } finally {
      this.#running = undefined;
    }
  }

  endOverdue(): void {
    if (this.#running !== undefined && this.#options.now() >= this.#running.endMs) this.stop();
  }

  stop(): void {
    if (this.#running === undefined) return;
    this.#running.isStopped = true;
    this.#running.stop?.abort();
  }

  #host(): Host {
    const { turns } = this.#options;
    return {
      verdict: () => {
        if (this.#running?.isStopped === true) return verdicts.end;
        return turns.isOver() ? verdicts.pause : verdicts.goOn;
      },
      pause: () => turns.next(),
      print: (level, text, line) => this.#running?.asked.print(level, text, line),
      ask: (request) => this.#running === undefined ? Promise.resolve(null) : answerOf(this.#running, request),
    };
  }
}

/** Once the script is to end it is not kept waiting for anything. */
function answerOf(running: Running, request: readonly string[]): Promise<Answer> {
  const { signal } = running.stop ??= new AbortController();
  if (running.isStopped) running.stop.abort();
  const over = new Promise<Answer>((resolve) => {
    const end = () => resolve(new Error('the time of the script is over'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  const answer = running.asked.ask(request, signal).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error))
  );
  return Promise.race([answer, over]);
}

/** As many engines as scripts may run at once. */
export class Engines {
  readonly #options: EnginesOptions;
  /** Scripts that may run at once. */
  readonly most: number;
  readonly #slots: Slot[] = [];

  /** Opens the first one, which finds out whether the prelude can be used. @throws FatalError when it cannot */
  constructor(options: EnginesOptions, most: number) {
    this.#options = options;
    this.most = most;
    try {
      this.#add();
    } catch (error) {
      throw new FatalError('badSource', `the prelude cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Scripts that begin now have a whole turn before them. */
  beginTurn(): void {
    this.#options.turns.begin();
  }

  /** Whether a script can begin now. */
  get hasRoom(): boolean {
    return this.#slots.length < this.most || this.#slots.some(({ isFree }) => isFree);
  }

  /** Runs a script; only while {@link hasRoom}. */
  run(script: Script, asked: Asked): Promise<ScriptResult> {
    return (this.#slots.find(({ isFree }) => isFree) ?? this.#add()).run(script, asked);
  }

  /** Has scripts end whose time is over. */
  endOverdue(): void {
    for (const slot of this.#slots) slot.endOverdue();
  }

  /** Has every script end. */
  stop(): void {
    for (const slot of this.#slots) slot.stop();
  }

  #add(): Slot {
    const slot = new Slot(this.#options);
    this.#slots.push(slot);
    return slot;
  }
}
