/** Resolves code by child processes of this one: a program that has no rights but what it needs, and an end. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../clock.ts';
import { type FailedCode, readOutcome, type ResolveOutcome } from '../../code/outcome.ts';
import { type ResolverInput } from '../../code/request.ts';
import { type CodeAnswer, type CodeQuestion, type CodeResolver, retryAfterMs } from '../../code/resolver.ts';

/** What is started. */
export interface LocalResolverOptions {
  /** The program and its arguments, see code/resolve-main.ts. */
  readonly command: readonly [string, ...string[]];
  /** All its environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Programs that run at once. */
const mostAtOnce = 2;
/** What a program may say, in bytes: a bundle, its map, and room. */
const mostBytes = 64 * 1024 * 1024;

/** One question, whoever asks it. */
interface Work {
  readonly askers: Set<string>;
  input: ResolverInput;
  state: 'waiting' | 'running' | 'ended';
  child?: ChildProcess | undefined;
  outcome?: ResolveOutcome | undefined;
  failures: number;
  retryAt: number;
}

/** Starts a program for each question; the same question of several is one. */
export class LocalCodeResolver implements CodeResolver {
  readonly #options: LocalResolverOptions;
  readonly #works = new Map<string, Work>();
  readonly #listeners: ((asker: string) => void)[] = [];
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: LocalResolverOptions) {
    this.#options = options;
  }

  ask({ asker, id, request, credentials }: CodeQuestion): Promise<CodeAnswer> {
    const input = { request, ...(credentials === undefined ? {} : { credentials }) };
    const work = this.#works.get(id) ??
      { askers: new Set(), input, state: 'waiting', failures: 0, retryAt: 0 } satisfies Work;
    this.#works.set(id, work);
    work.askers.add(asker);
    if (work.outcome?.kind === 'failed' && this.#options.clock.now() >= work.retryAt) {
      work.input = input; // another token may be in the Secret by now
      work.state = 'waiting';
    }
    this.#startNext();
    return Promise.resolve(answerOf(work));
  }

  keep(asker: string, id: string | undefined): void {
    for (const [known, work] of this.#works) {
      if (known === id || !work.askers.delete(asker) || work.askers.size > 0) continue;
      this.#works.delete(known);
      work.child?.kill();
    }
  }

  onAnswer(listener: (asker: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { child } of this.#works.values()) child?.kill();
    await Promise.all(this.#running);
  }

  #startNext(): void {
    for (const work of this.#works.values()) {
      if (this.#isClosed || this.#running.size >= mostAtOnce) return;
      if (work.state !== 'waiting') continue;
      work.state = 'running';
      const run = this.#run(work).finally(() => {
        this.#running.delete(run);
        this.#startNext();
      });
      this.#running.add(run);
    }
  }

  async #run(work: Work): Promise<void> {
    work.outcome = await this.#outcome(work);
    work.state = 'ended';
    work.child = undefined;
    work.failures = work.outcome.kind === 'failed' ? work.failures + 1 : 0;
    work.retryAt = this.#options.clock.now() + retryAfterMs(work.failures);
    if (this.#isClosed) return;
    for (const asker of work.askers) for (const listener of this.#listeners) listener(asker);
  }

  async #outcome(work: Work): Promise<ResolveOutcome> {
    const { command: [program, ...args], environment } = this.#options;
    const child = spawn(program, args, { env: { ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    work.child = child;
    child.stdin.on('error', () => undefined); // it may end before it reads
    child.stdin.end(JSON.stringify(work.input));
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
        if (said[stream].length > mostBytes) child.kill('SIGKILL');
      });
    }
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    child.once('error', (error) => resolve(error.message));
    child.once('close', () => resolve(undefined));
    const problem = await promise;
    return readOutcome(said.stdout) ?? failed(problem ?? (said.stderr.trim().split('\n')[0] || 'it was ended'));
  }
}

function answerOf({ state, outcome, retryAt }: Work): CodeAnswer {
  if (state !== 'ended' || outcome === undefined) return { kind: 'pending' };
  return outcome.kind === 'failed' ? { ...outcome, retryAt } : outcome;
}

function failed(why: string): FailedCode {
  return {
    kind: 'failed',
    reason: 'ResolverFailed',
    sentence: `the program that resolves code has not done so: ${why}`,
  };
}
