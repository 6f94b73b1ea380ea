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

/** Keeps the workers it has started for the next run. */
export class Runs implements AsyncDisposable {
  readonly #settings: RunSettings;
  readonly #io: Io;
  readonly #stop: AbortSignal;
  readonly #sessions = new Map<string, OwnSession>();

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

  async #session({ file, worker }: Spec): Promise<string | undefined> {
    if (worker.length === 0 || this.#settings.isNamed) return undefined;
    const files = worker.map((path) => resolve(dirname(file), path));
    const key = files.join('\n');
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const { openOwnSession } = await import('./own-session.ts'); // the whole operator
      session = await openOwnSession(files, this.#sessions.size + 1, this.#io);
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

const nowhere = { redisUrl: undefined, tlsFiles: undefined, namespace: undefined };
