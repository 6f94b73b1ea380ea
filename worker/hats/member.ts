/** A worker of a cluster: in it as long as Redis answers, with its threads and jobs. */
import { hatsWorkerKey, nsPerMs, scriptKeyPrefix } from '../../contract/hats.ts';
import { AskedRuns } from './asked-runs.ts';
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { FatalError } from '../pod/fatal.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import { pause } from '../pod/timers.ts';
import { textOf } from '../redis/replies.ts';
import type { Host } from './host.ts';
import { Jobs } from './jobs.ts';
import { ignoreOutage } from './scripts.ts';
import { Threads } from './threads.ts';

/** Milliseconds between two looks at what is due. */
const lookMs = 100;
/** Milliseconds between two signs of life of the worker itself. */
const beatMs = 1000;
/** Milliseconds between two searches for scripts, where the server tells of changes and where it does not. */
const searchMs = { told: 30_000, untold: 1000 };
/** Keys the server looks at in one step of a search. */
const stepKeys = 1000;

/** One worker of the cluster. */
export class ClusterMember {
  readonly #host: Host;
  readonly #hashKey: string;
  readonly #foundKey: string;
  readonly #identity: Identity;
  readonly #threads: Threads;
  readonly #jobs: Jobs;
  readonly #asked: AskedRuns;
  readonly #prefixes: { readonly threads: string; readonly jobs: string; readonly endpoints: string };
  #known: ReadonlySet<string> = new Set();
  #searchDue = false;
  #isEnabled = true;
  #stopping = false;

  /** @param foundKey where the scripts that are found are noted */
  constructor(host: Host, { hashKey, foundKey }: { hashKey: string; foundKey: string }, identity: Identity) {
    this.#host = host;
    this.#hashKey = hashKey;
    this.#foundKey = foundKey;
    this.#identity = identity;
    this.#threads = new Threads(host);
    this.#jobs = new Jobs(host);
    this.#asked = new AskedRuns(host, (key) => this.#threads.runOf(key));
    const { cluster } = host.store.member;
    this.#prefixes = {
      threads: scriptKeyPrefix(cluster, 'Threads'),
      jobs: scriptKeyPrefix(cluster, 'Jobs'),
      endpoints: scriptKeyPrefix(cluster, 'Endpoints'),
    };
  }

  /** What the keys of all scripts begin with. */
  get prefixes(): readonly string[] {
    return [...Object.values(this.#prefixes), this.#workerKey, this.#asked.prefix];
  }

  get #workerKey(): string {
    const { cluster, name } = this.#host.store.member;
    return hatsWorkerKey(cluster, name);
  }

  /** These keys were written. */
  changed(keys: readonly string[]): void {
    for (const key of keys) {
      if (key.startsWith(this.#asked.prefix)) {
        void this.#takeAsked().catch(ignoreOutage);
        continue;
      }
      this.#searchDue ||= key !== this.#workerKey && !this.#known.has(key);
      this.#asked.changed(key);
      if (key.startsWith(this.#prefixes.threads)) this.#threads.changed(key);
      else if (key.startsWith(this.#prefixes.jobs)) this.#jobs.changed(key);
      else if (key === this.#workerKey) void this.beat().catch(ignoreOutage);
    }
  }

  /** Runs until `until` is aborted; goes on whatever Redis does. */
  async watch(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const mayTake = this.#isEnabled && !this.#stopping;
      this.#threads.look(mayTake);
      this.#jobs.look(mayTake);
      this.#asked.look();
      await pause(lookMs, until);
    }
  }

  /**
   * Gives the signs of life of the worker and searches for scripts, until `until` is aborted.
   * @throws ConnectionLostError, RedisError: an outage; FatalError: another pod has the place
   */
  async stayIn(isTold: boolean, until: AbortSignal, alive: () => void): Promise<void> {
    const { monotonic } = this.#host;
    for (let nextSearch = 0; !until.aborted;) {
      await this.beat();
      await this.#takeAsked().catch(ignoreOutage);
      if (monotonic() >= nextSearch || this.#searchDue) {
        const began = monotonic();
        await this.#search();
        // Among many keys of others a search takes its time: it is not to take more than a part of it.
        nextSearch = monotonic() + Math.max(isTold ? searchMs.told : searchMs.untold, 20 * (monotonic() - began));
      }
      alive();
      await pause(beatMs, until);
    }
  }

  /** Everything of which nothing was told may have changed. */
  async searchAgain(): Promise<void> {
    await this.#search();
  }

  async beat(): Promise<void> {
    const { store } = this.#host;
    const [holder, , status] = await Promise.all([
      store.command('HMGET', this.#hashKey, pidField, ownerField),
      store.command('HSET', this.#workerKey, 'State', 'online', 'Heartbeat', String(Date.now() * nsPerMs)),
      store.command('HSETNX', this.#workerKey, 'Status', 'enabled').then(() => store.field(this.#workerKey, 'Status')),
    ]);
    if (!isOurs(holder, this.#identity)) throw fenced(this.#hashKey);
    const isEnabled = textOf(status) !== 'disabled';
    if (this.#isEnabled && !isEnabled) this.#leave();
    this.#isEnabled = isEnabled;
  }

  /** Lets all scripts end. @returns once they have, or were ended */
  async leave(withinMs: number): Promise<void> {
    this.#stopping = true;
    this.#leave(withinMs);
    while (this.#threads.running + this.#jobs.running + this.#asked.running > 0) await pause(lookMs / 4);
    this.#jobs.close();
    await this.#host.store.command('HSET', this.#workerKey, 'State', 'offline').catch(ignoreOutage);
  }

  #leave(withinMs?: number): void {
    this.#threads.leave(withinMs);
    this.#jobs.leave(withinMs);
    this.#asked.leave(withinMs);
  }

  async #takeAsked(): Promise<void> {
    if (this.#isEnabled && !this.#stopping) await this.#asked.take();
  }

  async #search(): Promise<void> {
    this.#searchDue = false;
    const { cluster } = this.#host.store.member;
    const found = { threads: new Set<string>(), jobs: new Set<string>(), endpoints: new Set<string>() };
    let cursor = '0';
    do {
      const reply = await this.#host.store.command(
        ...['SCAN', cursor, 'MATCH', `${escaped(cluster)}:[TJE]*`, 'COUNT', String(stepKeys), 'TYPE', 'hash'] as const,
      );
      const [next, keys] = Array.isArray(reply) ? reply : [];
      for (const key of Array.isArray(keys) ? keys.map(textOf) : []) {
        if (key.startsWith(this.#prefixes.threads)) found.threads.add(key);
        if (key.startsWith(this.#prefixes.jobs)) found.jobs.add(key);
        if (key.startsWith(this.#prefixes.endpoints)) found.endpoints.add(key);
      }
      cursor = textOf(next);
    } while (cursor !== '0' && cursor !== '');
    this.#known = found.threads.union(found.jobs).union(found.endpoints);
    await this.#host.store.noteFound(this.#foundKey, this.#known);
    this.#threads.known(found.threads);
    this.#jobs.known(found.jobs);
  }
}

function escaped(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** Somebody changed or removed the pid, or the hash is gone. */
function fenced(hashKey: string): FatalError {
  return new FatalError(
    'fenced',
    `the field "pid" of ${hashKey} was changed or removed, so this process stops; a new one starts by itself`,
  );
}
