/** Runs jobs by their schedules: each tick once, whoever of the cluster comes first. */
import { scriptKeyPrefix } from '../../contract/hats.ts';
import { after, type Timer } from '../pod/timers.ts';
import { type Schedule, scheduleOf } from './cron.ts';
import type { Host } from './host.ts';
import { JobRun } from './job-run.ts';
import { ignoreOutage, Scripts } from './scripts.ts';
import type { JobPlan } from './store.ts';

/** A tick that is later than this is left out: the machine slept, or Redis was away. */
const lateMs = 60_000;
/** The longest a timer can be set. */
const mostTimerMs = 2_000_000_000;

interface Planned {
  readonly plan: JobPlan;
  readonly schedule: Schedule;
  timer: Timer | undefined;
}

/** The jobs of a cluster, as one of its workers sees them. */
export class Jobs {
  readonly #host: Host;
  readonly #scripts: Scripts;
  readonly #planned = new Map<string, Planned>();
  readonly #known = new Set<string>();
  readonly #reading = new Map<string, 'once' | 'again'>();
  #mayTake = true;

  constructor(host: Host) {
    this.#host = host;
    this.#scripts = new Scripts(host);
  }

  get running(): number {
    return this.#scripts.size;
  }

  /** There is such a job, or something was written into it. */
  changed(key: string): void {
    this.#known.add(key);
    this.#scripts.changed(key);
    void this.#read(key).catch(ignoreOutage);
  }

  /** These are all there are. */
  known(keys: ReadonlySet<string>): void {
    for (const key of [...this.#known]) if (!keys.has(key)) this.#forget(key);
    for (const key of keys) if (!this.#known.has(key) || !this.#planned.has(key)) this.changed(key);
  }

  /** Gives signs of life. @param mayTake false while this worker is to take nothing new */
  look(mayTake: boolean): void {
    this.#mayTake = mayTake;
    this.#scripts.look();
  }

  leave(withinMs?: number): void {
    this.#scripts.leave(withinMs);
  }

  /** Sets no timer any more. */
  close(): void {
    for (const key of [...this.#known]) this.#forget(key);
  }

  /** Reads the schedule; what is written meanwhile is read once more. */
  async #read(key: string): Promise<void> {
    if (this.#reading.has(key)) return void this.#reading.set(key, 'again');
    try {
      do {
        this.#reading.set(key, 'once');
        this.#follow(key, await this.#host.store.jobPlan(key));
      } while (this.#reading.get(key) === 'again');
    } finally {
      this.#reading.delete(key);
    }
  }

  #follow(key: string, plan: JobPlan | undefined): void {
    const before = this.#planned.get(key);
    if (before && plan?.isEnabled && before.plan.cron === plan.cron && before.plan.timeZone === plan.timeZone) return;
    before?.timer?.cancel();
    this.#planned.delete(key);
    if (!plan?.isEnabled || !this.#known.has(key)) return;
    const schedule = scheduleOf(plan.cron, plan.timeZone);
    if (schedule === undefined) {
      const { cron, timeZone } = plan;
      return this.#log(key).warn('this job never runs: its Cron or TimeZone cannot be read', { cron, timeZone });
    }
    const planned: Planned = { plan, schedule, timer: undefined };
    this.#planned.set(key, planned);
    this.#await(key, planned, Date.now());
  }

  /** Sets the timer for the next tick after another. */
  #await(key: string, planned: Planned, afterMs: number): void {
    const tick = planned.schedule(Math.max(afterMs, Date.now() - lateMs));
    if (tick === undefined) return;
    const wait = tick - Date.now();
    planned.timer = after(Math.min(Math.max(wait, 0), mostTimerMs), () => {
      if (tick > Date.now()) return this.#await(key, planned, tick - 1); // timers may be early, and some waits are too long
      if (this.#mayTake) void this.#tick(key, planned, tick).catch(ignoreOutage);
      this.#await(key, planned, tick);
    });
  }

  async #tick(key: string, { plan }: Planned, tick: number): Promise<void> {
    const taken = await this.#host.store.takeJob(key, tick, plan);
    if (taken === 'changed' || taken === 'disabled') return await this.#read(key);
    if (typeof taken === 'string') return;
    const name = key.slice(scriptKeyPrefix(this.#host.store.member.cluster, 'Jobs').length);
    const run = new JobRun(this.#host, { key, name, fence: taken.fence, deadMs: plan.deadMs }, 'job');
    const running = this.#run(run, taken.source, tick);
    this.#scripts.hold(run, running.catch(ignoreOutage));
    await running;
  }

  async #run(run: JobRun, source: string, tick: number): Promise<void> {
    const { store, results, monotonic } = this.#host;
    const { key, name, fence } = run.holding;
    const began = monotonic();
    const failure = await run.run(source);
    if (failure !== undefined) this.#log(key).error('job crashed', { reason: failure });
    if (run.isLost) return this.#log(key).warn('job left: another worker has it');
    const ref = `Jobs:${name}:${new Date(tick).toISOString()}`;
    await Promise.all([
      store.release(key, fence, failure, ''),
      results.add({ ref, error: failure, ms: monotonic() - began }),
    ]);
  }

  #forget(key: string): void {
    this.#planned.get(key)?.timer?.cancel();
    this.#planned.delete(key);
    this.#known.delete(key);
  }

  #log(key: string) {
    return this.#host.logWith({ job: key.slice(scriptKeyPrefix(this.#host.store.member.cluster, 'Jobs').length) });
  }
}
