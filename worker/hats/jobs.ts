/** Runs jobs by their schedules: each tick once, whoever of the cluster comes first. */
import { failureText, scriptKeyPrefix } from '../../contract/hats.ts';
import { after, pause, type Timer } from '../pod/timers.ts';
import { Agenda, type Due } from './agenda.ts';
import { scheduleOf } from './cron.ts';
import type { Host } from './host.ts';
import { JobRun } from './job-run.ts';
import { ignoreOutage, Scripts } from './scripts.ts';
import type { JobPlan, JobTick, NotTaken, TakenJob } from './store.ts';

/** A tick that is later than this is left out: the machine slept, or Redis was away. */
const lateMs = 60_000;
/** The longest a timer can be set. */
const mostTimerMs = 2_000_000_000;
/** All ticks are whole seconds: what is due so soon is due before any other schedule could be, and taking it looks at the plan. */
const tickMs = 1000;
/** What is written into a job within so many milliseconds is read once. */
const settleMs = 50;
/** Milliseconds until a job is tried again whose run before is late, and how far it may fall behind by that. */
const retryMs = 100;
const mostBehindMs = 5000;
/** Jobs that are read, and jobs that are looked at to take some of them, in one go. */
const mostRead = 500;
const mostLookedAt = 200;
/** Jobs that are taken and wait for a process: more are left to others. Taken when so few wait. */
const mostWaiting = 16;
const fewWaiting = 8;

/** The jobs of a cluster, as one of its workers sees them. */
export class Jobs {
  readonly #host: Host;
  readonly #scripts: Scripts;
  readonly #agenda = new Agenda();
  readonly #plans = new Map<string, JobPlan>();
  readonly #known = new Set<string>();
  /** To be read, and after which time the job is due by what is read. */
  readonly #unread = new Map<string, number | undefined>();
  readonly #queue: Due[] = [];
  readonly #later: Due[] = [];
  #timer: { readonly tick: number; readonly timer: Timer } | undefined;
  #reading = false;
  #taking = false;
  #waiting = 0;
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
    this.#toRead(key);
  }

  /** These are all there are; what was written into them may not have been told. */
  known(keys: ReadonlySet<string>): void {
    for (const key of [...this.#known]) if (!keys.has(key)) this.#forget(key);
    for (const key of keys) {
      this.#known.add(key);
      this.#toRead(key);
    }
  }

  /** Gives signs of life. @param mayTake false while this worker is to take nothing new */
  look(mayTake: boolean): void {
    this.#mayTake = mayTake;
    this.#scripts.look();
  }

  leave(withinMs?: number): void {
    this.#queue.length = this.#later.length = 0;
    this.#scripts.leave(withinMs);
  }

  /** Sets no timer any more. */
  close(): void {
    for (const key of [...this.#known]) this.#forget(key);
    this.#timer?.timer.cancel();
  }

  #toRead(key: string): void {
    const next = this.#agenda.nextOf(key);
    if (next !== undefined && next - Date.now() <= tickMs) return;
    if (!this.#unread.has(key)) this.#unread.set(key, undefined);
    void this.#readAll().catch(ignoreOutage);
  }

  /** Reads when jobs are due; what an outage cuts off is read once all are known anew. */
  async #readAll(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#unread.size > 0) {
        await pause(settleMs);
        const some = [...this.#unread].slice(0, mostRead);
        for (const [key] of some) this.#unread.delete(key);
        const plans = await this.#host.store.jobPlans(some.map(([key]) => key));
        some.forEach(([key, afterMs], at) => this.#follow(key, plans[at], afterMs));
        this.#awaitNext();
      }
    } finally {
      this.#reading = false;
    }
  }

  #follow(key: string, plan: JobPlan | undefined, afterMs = Date.now()): void {
    const before = this.#plans.get(key);
    if (before && plan && before.cron === plan.cron && before.timeZone === plan.timeZone) return;
    this.#plans.delete(key);
    this.#agenda.delete(key);
    if (!plan || !this.#known.has(key)) return;
    this.#plans.set(key, plan);
    const schedule = scheduleOf(plan.cron, plan.timeZone);
    if (schedule) return this.#agenda.set(key, schedule, afterMs);
    const { cron, timeZone } = plan;
    this.#log(key).warn('this job never runs: its Cron or TimeZone cannot be read', { cron, timeZone });
  }

  /** Sets the timer for the next of all ticks. */
  #awaitNext(): void {
    const tick = this.#agenda.earliest;
    if (tick === this.#timer?.tick) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (tick === undefined) return;
    const wait = Math.min(Math.max(tick - Date.now(), 0), mostTimerMs);
    const timer = after(wait, () => {
      this.#timer = undefined;
      const now = Date.now(); // timers may be early, and some waits are too long
      if (now >= tick) this.#comesDue(this.#agenda.take(now, now - lateMs));
      this.#awaitNext();
    });
    this.#timer = { tick, timer };
  }

  /** Workers begin at different places, so that each finds some that nobody has taken. */
  #comesDue(due: readonly Due[]): void {
    if (!this.#mayTake) return;
    const since = Date.now() - lateMs;
    while ((this.#queue[0]?.tick ?? since) < since) this.#queue.shift(); // nothing is taken while Redis is away
    const start = Math.floor(Math.random() * due.length);
    this.#queue.push(...due.slice(start), ...due.slice(0, start));
    void this.#take().catch(ignoreOutage);
  }

  /** Takes as many as can begin soon, until all that are due are taken, here or elsewhere. */
  async #take(): Promise<void> {
    if (this.#taking) return;
    this.#taking = true;
    try {
      while (this.#queue.length > 0 && this.#waiting <= fewWaiting) {
        const ticks = this.#queue.splice(0, mostLookedAt).flatMap(({ key, tick }) => {
          const plan = this.#plans.get(key);
          return plan ? [{ key, tick, plan }] : [];
        });
        const said = await this.#takeSome(ticks);
        this.#queue.unshift(...ticks.slice(said.length));
        said.forEach((one, at) => this.#hear(ticks[at] as Due, one));
      }
    } finally {
      this.#taking = false;
    }
  }

  /** What an outage cuts off is due still: a tick that was taken after all is told to be. */
  async #takeSome(ticks: readonly JobTick[]): Promise<(TakenJob | NotTaken)[]> {
    try {
      return await this.#host.store.takeJobs(ticks, mostWaiting - this.#waiting);
    } catch (error) {
      this.#queue.unshift(...ticks);
      throw error;
    }
  }

  #hear({ key, tick }: Due, said: TakenJob | NotTaken): void {
    if (typeof said === 'object') void this.#start(key, tick, said).catch(ignoreOutage);
    else if (said === 'late' && Date.now() - tick < mostBehindMs) this.#queueAgain({ key, tick });
    else if (said === 'changed' || said === 'disabled') {
      this.#unread.set(key, tick - 1);
      void this.#readAll().catch(ignoreOutage);
    }
  }

  /** A run that began late is no reason to leave the next one out: that waits for its end. */
  #queueAgain(due: Due): void {
    this.#later.push(due);
    if (this.#later.length > 1) return;
    after(retryMs, () => {
      this.#queue.push(...this.#later.splice(0));
      void this.#take().catch(ignoreOutage);
    });
  }

  async #start(key: string, tick: number, { fence, source, deadMs }: TakenJob): Promise<void> {
    const name = this.#nameOf(key);
    const run = new JobRun(this.#host, { key, name, fence, deadMs }, 'job');
    const running = this.#run(run, source, tick);
    this.#scripts.hold(run, running.catch(ignoreOutage));
    await running;
  }

  async #run(run: JobRun, source: string, tick: number): Promise<void> {
    const { results, monotonic } = this.#host;
    const { key, name, fence } = run.holding;
    this.#waiting++;
    let began = 0;
    const failure = await run.run(source, () => {
      began = monotonic();
      this.#waiting--;
      void this.#take().catch(ignoreOutage);
    });
    if (failure !== undefined) this.#log(key).error('job crashed', { reason: failureText(failure) });
    const ref = `Jobs:${name}:${new Date(tick).toISOString()}`;
    const result = { ref, failure, ms: monotonic() - began };
    const end = run.isLost ? 'lost' : await results.finish({ key, fence }, result);
    if (end === 'lost') this.#log(key).warn('job left: another worker has it');
  }

  #forget(key: string): void {
    this.#agenda.delete(key);
    this.#plans.delete(key);
    this.#unread.delete(key);
    this.#known.delete(key);
  }

  #nameOf(key: string): string {
    return key.slice(scriptKeyPrefix(this.#host.store.member.cluster, 'Jobs').length);
  }

  #log(key: string) {
    return this.#host.logWith({ job: this.#nameOf(key) });
  }
}
