/** Runs specs against workers here: each finds those it names, or those that run already. */
import { dirname, resolve } from 'node:path';
import { messageOf } from '../failure.ts';
import type { Io } from '../io.ts';
import type { OwnSession } from './own-session.ts';
import type { SpecOutcome } from './outcome.ts';
import type { Spec } from './read.ts';
import { runCase } from './run-case.ts';
import { type WhereWorkersRun, Workers } from './workers.ts';

/** What the words of the command say. */
export interface RunSettings {
  /** Where workers run already. */
  readonly where: WhereWorkersRun;
  /** They are meant, also by a spec that names manifests. */
  readonly isNamed: boolean;
  /** How long workers that are started may take to get ready. */
  readonly readySeconds: number;
}

/** Keeps the workers it has started for the next run, unless they are ended. */
export class Runs implements AsyncDisposable {
  readonly #settings: RunSettings;
  readonly #io: Io;
  readonly #stop: AbortSignal;
  readonly #sessions = new Map<string, OwnSession>();
  #opened = 0;

  constructor(settings: RunSettings, io: Io, stop: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#stop = stop;
  }

  /** @throws the reason of the signal it was made with */
  async run(spec: Spec): Promise<SpecOutcome> {
    try {
      const session = await this.#session(spec);
      const where = session === undefined ? this.#settings.where : { ...nowhere, session };
      await using workers = new Workers(where, this.#io);
      const cases: SpecOutcome['cases'] = [];
      for (const one of spec.cases) cases.push(await runCase(one, await workers.of(one.type), this.#stop));
      return { file: spec.file, cases };
    } catch (error) {
      this.#stop.throwIfAborted();
      return { file: spec.file, cases: [], fault: messageOf(error) };
    }
  }

  /** Changes with the workers that were started, and their code. */
  version(): string {
    return [...this.#sessions.values()].map((session) => session.version()).join('\n');
  }

  /** Ends the workers of a spec, unless one of these needs them too. */
  async end(spec: Spec, others: readonly Spec[]): Promise<void> {
    const key = keyOf(spec);
    if (others.some((other) => keyOf(other) === key)) return;
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    await session?.[Symbol.asyncDispose]();
  }

  async #session(spec: Spec): Promise<string | undefined> {
    if (spec.worker.length === 0 || this.#settings.isNamed) return undefined;
    const key = keyOf(spec);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const { openOwnSession } = await import('./own-session.ts'); // the whole operator
      session = await openOwnSession(filesOf(spec), this.#opened += 1, this.#io);
      this.#sessions.set(key, session);
    }
    await session.ready(this.#settings.readySeconds, this.#stop);
    return session.name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session[Symbol.asyncDispose]();
    this.#sessions.clear();
  }
}

function filesOf({ file, worker }: Spec): readonly string[] {
  return worker.map((path) => resolve(dirname(file), path));
}

function keyOf(spec: Spec): string {
  return filesOf(spec).join('\n');
}

const nowhere = { redisUrl: undefined, tlsFiles: undefined, namespace: undefined };
