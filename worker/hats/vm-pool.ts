/** Processes for scripts: one for each thread, and some that run one job after the other. */
import { VmProcess } from './vm-process.ts';

/** Processes that may be starting at once: each takes a processor for a moment. */
const mostStarting = 4;
/** Idle processes that are kept for the next job. */
const mostIdle = 4;

/** Where processes come from, and where those that can run another script go back to. */
export class VmPool {
  readonly #entry: URL;
  readonly #all = new Set<VmProcess>();
  readonly #idle: VmProcess[] = [];
  readonly #waiting: (() => void)[] = [];
  #starting = 0;

  constructor(entry: URL) {
    this.#entry = entry;
  }

  /** A process that has never run a script. */
  async fresh(): Promise<VmProcess> {
    if (this.#starting >= mostStarting) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#starting++;
    const process = new VmProcess(this.#entry);
    this.#all.add(process);
    void process.ended.then(() => this.#all.delete(process));
    void process.ready.then(() => {
      this.#starting--;
      this.#waiting.shift()?.();
    });
    return process;
  }

  /** A process that runs nothing at the moment. */
  async idle(): Promise<VmProcess> {
    for (let process = this.#idle.pop(); process !== undefined; process = this.#idle.pop()) {
      if (process.isAlive) return process;
    }
    return await this.fresh();
  }

  /** Takes a process back that has run a job to its end. */
  takeBack(process: VmProcess): void {
    if (process.isAlive && this.#idle.length < mostIdle) this.#idle.push(process);
    else process.kill();
  }

  /** Ends all of them. */
  close(): void {
    for (const process of this.#all) process.kill();
  }
}
