/** Processes for scripts: one for each thread, and some that run one job after the other. */
import { after } from '../pod/timers.ts';
import { VmProcess } from './vm-process.ts';

/** Processes that may be starting at once: each takes a processor for a moment. */
const mostStarting = 4;
/** Processes for jobs that are kept, and that many run jobs at once; those that take their time do not count. */
const forJobs = { kept: 4, most: 64 };
/** Milliseconds after which a job counts as one that takes its time. */
const slowMs = 500;

/** Where processes come from, and where those that can run another script go back to. */
export class VmPool {
  readonly #entry: URL;
  readonly #many: typeof forJobs;
  readonly #all = new Set<VmProcess>();
  readonly #idle: VmProcess[] = [];
  readonly #jobs: ((process: VmProcess) => void)[] = [];
  readonly #starts: (() => void)[] = [];
  /** When each process that runs a job began with it. */
  readonly #busy = new Map<VmProcess, number>();
  #starting = 0;
  #forJobs = 0;
  #startingForJobs = 0;
  #looking = false;

  /** @param many processes that run one script after the other */
  constructor(entry: URL, many: typeof forJobs = forJobs) {
    this.#entry = entry;
    this.#many = many;
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
    return new Promise((resolve) => {
      this.#jobs.push(resolve);
      this.#handOut();
    });
  }

  /** Takes a process back that has run a job to its end, or has ended with it. */
  takeBack(process: VmProcess): void {
    this.#busy.delete(process);
    if (process.isAlive) this.#idle.push(process);
    this.#handOut();
    while (this.#idle.length > this.#many.kept) this.#idle.pop()?.kill();
  }

  /** Gives waiting jobs the processes there are, and starts others as long as too few are at work. */
  #handOut(): void {
    while (this.#jobs.length > 0 && this.#idle.length > 0) {
      const process = this.#idle.pop();
      if (!process?.isAlive) continue;
      this.#busy.set(process, performance.now());
      this.#jobs.shift()?.(process);
    }
    for (let missing = this.#missing(); missing > 0; missing--) this.#startForJobs();
    this.#lookAgain();
  }

  /** Processes that are to be started. A machine that is slow makes all jobs slow: one at a time is added to those at work. */
  #missing(): number {
    if (this.#jobs.length === 0) return 0;
    const now = performance.now();
    const slow = [...this.#busy.values()].filter((began) => now - began > slowMs).length;
    const room = Math.min(this.#many.kept + slow, this.#many.most) - this.#forJobs;
    const most = slow > 0 ? 1 : this.#jobs.length;
    return Math.min(room, most - this.#startingForJobs);
  }

  /** Jobs may turn out to take their time while others wait. */
  #lookAgain(): void {
    if (this.#looking || this.#jobs.length === 0) return;
    this.#looking = true;
    after(slowMs, () => {
      this.#looking = false;
      this.#handOut();
    });
  }

  /** Ends all of them. */
  close(): void {
    this.#jobs.length = 0;
    for (const process of this.#all) process.kill();
  }

  #startForJobs(): void {
    this.#forJobs++;
    this.#startingForJobs++;
    void this.fresh().then(async (process) => {
      void process.ended.then(() => {
        this.#forJobs--;
        this.#busy.delete(process);
        this.#handOut();
      });
      await process.ready;
      this.#startingForJobs--;
      this.takeBack(process);
    });
  }
}
