/** Runs people ask for: a script, now and once, with what it logs told to whoever asked. */
import {
  type AskedRun,
  askedRunsKey,
  type RunNews,
  runNewsKey,
  type ScriptFailure,
  scriptKey,
} from '../../contract/hats.ts';
import { textOf } from '../redis/replies.ts';
import type { Host } from './host.ts';
import { JobRun } from './job-run.ts';
import type { Listener, ScriptRun } from './script-run.ts';
import { ignoreOutage, Scripts } from './scripts.ts';
import type { TakenScript } from './store.ts';
import { ThreadRun } from './thread-run.ts';

/** Seconds that are left to hear what was told last. */
const keptSeconds = 60;

/** The runs of a cluster that were asked for, as one of its workers takes them. */
export class AskedRuns {
  readonly #host: Host;
  readonly #scripts: Scripts;
  readonly #threadOf: (key: string) => ThreadRun | undefined;

  /** @param threadOf the thread of a key, where it runs here */
  constructor(host: Host, threadOf: (key: string) => ThreadRun | undefined) {
    this.#host = host;
    this.#scripts = new Scripts(host);
    this.#threadOf = threadOf;
  }

  /** What the keys of its lists begin with. */
  get prefix(): string {
    return askedRunsKey(this.#host.store.member.cluster);
  }

  get running(): number {
    return this.#scripts.size;
  }

  /** Gives signs of life of what runs. */
  look(): void {
    this.#scripts.look();
  }

  changed(key: string): void {
    this.#scripts.changed(key);
  }

  leave(withinMs?: number): void {
    this.#scripts.leave(withinMs);
  }

  /** Takes what was asked for. @throws ConnectionLostError, RedisError: an outage */
  async take(): Promise<void> {
    const { store } = this.#host;
    const { cluster, name } = store.member;
    const pop = async (key: string) => textOf(await store.command('LPOP', key));
    for (const key of [askedRunsKey(cluster), askedRunsKey(cluster, name)]) {
      for (let text = await pop(key); text !== ''; text = await pop(key)) void this.#run(text).catch(ignoreOutage);
    }
  }

  async #run(text: string): Promise<void> {
    const asked = parsed(text);
    if (asked === undefined || asked.until < Date.now()) return;
    const { store, monotonic } = this.#host;
    const { cluster, name } = store.member;
    const news = runNewsKey(cluster, asked.id);
    const tell = (said: RunNews) => store.command('RPUSH', news, JSON.stringify(said)).catch(ignoreOutage);
    const listener: Listener = (level, line) => void tell({ say: 'log', level, text: line });
    const began = monotonic();
    const run = await this.#start(asked, listener);
    if (typeof run === 'string') await tell({ say: 'refused', why: run });
    else {
      await tell({ say: 'begun', worker: name });
      const failure = await run;
      await tell({ say: 'ended', ms: Math.round(monotonic() - began), ...(failure ? { failure } : {}) });
    }
    await store.command('EXPIRE', news, keptSeconds);
  }

  /** @returns the run that has begun, or why there is none */
  async #start({ kind, name }: AskedRun, listener: Listener): Promise<Promise<ScriptFailure | undefined> | string> {
    const { store } = this.#host;
    if (kind === 'Endpoints') return 'an endpoint answers over HTTP: ask it there';
    const key = scriptKey(store.member.cluster, kind, name);
    const here = this.#threadOf(key);
    if (here) return here.callNow(listener);
    const taken = await store.takeScript(key, 'asked');
    if (typeof taken === 'number') return taken < 0 ? 'there is no such script' : 'it has just begun to run elsewhere';
    const holding = { key, name, fence: taken.fence, deadMs: taken.deadMs };
    const run = kind === 'Jobs' ? new JobRun(this.#host, holding, 'job') : new ThreadRun(this.#host, holding, taken);
    run.listener = listener;
    const running = this.#toTheEnd(run, taken);
    this.#scripts.hold(run, running.catch(ignoreOutage));
    return running;
  }

  async #toTheEnd(run: ScriptRun, taken: TakenScript): Promise<ScriptFailure | undefined> {
    const { results, store, monotonic } = this.#host;
    const { key, name, fence } = run.holding;
    const began = monotonic();
    const at = new Date().toISOString();
    const failure = run instanceof ThreadRun ? await run.once() : await (run as JobRun).run(taken.source, () => {});
    if (run.isLost) return { error: 'it was taken by another worker, or written anew' };
    const result = { failure, ms: monotonic() - began };
    if (run instanceof JobRun) await results.finish({ key, fence }, { ref: `Jobs:${name}:${at}`, ...result });
    else {
      await store.release(key, fence, failure, '-');
      if (failure) await results.add({ ref: `Threads:${name}:${at}`, ...result });
    }
    return failure;
  }
}

function parsed(text: string): AskedRun | undefined {
  try {
    return JSON.parse(text) as AskedRun;
  } catch {
    return undefined;
  }
}
