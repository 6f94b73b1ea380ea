/** Processes for scripts: one for each thread, and some that run one job after the other. */
import { after } from '../pod/timers.ts';
import { VmProcess } from './vm-process.ts';

/** Processes that may be starting at once: each takes a processor for a moment. */
const mostStarting = 4;
/** Processes for jobs that are kept; more are started where a job waits for long, since others take their time. */
const mostIdle = 4;
const mostForJobs = 64;
const waitMs = 100;

/** Where processes come from, and where those that can run another script go back to. */
export class VmPool {
  readonly #entry: URL;
  readonly #all = new Set<VmProcess>();
  readonly #idle: VmProcess[] = [];
  readonly #jobs: ((process: VmProcess) => void)[] = [];
  readonly #starts: (() => void)[] = [];
  #starting = 0;
  #forJobs = 0;

  constructor(entry: URL) {
    this.#entry = entry;
  }

  /** A process that has never run a script. */
  async fresh(): Promise<VmProcess> {
    if (this.#starting >= mostStarting) await new Promise<void>((resolve) => this.#starts.push(resolve));
    this.#starting++;
    const process = new VmProcess(this.#entry);
    this.#all.add(process);
    void process.ended.then(() => this.#all.delete(process));
    void process.ready.then(() => {
      this.#starting--;
      this.#starts.shift()?.();
    });
    return process;
  }

  /** A process for one run of a job: one that has become free, or another one. */
  idle(): Promise<VmProcess> {
    for (let process = this.#idle.pop(); process !== undefined; process = this.#idle.pop()) {
      if (process.isAlive) return Promise.resolve(process);
    }
    return new Promise((resolve) => {
      this.#jobs.push(resolve);
      if (this.#forJobs < mostIdle) return this.#startForJobs();
      after(waitMs, () => {
        if (this.#jobs.includes(resolve) && this.#forJobs < mostForJobs) this.#startForJobs();
      });
    });
  }

  /** Takes a process back that has run a job to its end, or has ended with it. */
  takeBack(process: VmProcess): void {
    if (!process.isAlive) {
      if (this.#jobs.length > 0 && this.#forJobs < mostIdle) this.#startForJobs();
      return;
    }
    const next = this.#jobs.shift();
    if (next) next(process);
    else if (this.#idle.length < mostIdle) this.#idle.push(process);
    else process.kill();
  }

  /** Ends all of them. */
  close(): void {
    for (const process of this.#all) process.kill();
  }

  #startForJobs(): void {
    this.#forJobs++;
    void this.fresh().then(async (process) => {
      void process.ended.then(() => this.#forJobs--);
      await process.ready;
      this.takeBack(process);
    });
  }
}
