/** When each job is due next, all in one place: whoever waits needs one timer for all of them. Pure. */
import type { Schedule } from './cron.ts';

/** A job that is due. */
export interface Due {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly tick: number;
}

interface Entry {
  readonly schedule: Schedule;
  tick: number;
}

/** The next tick of each job. */
export class Agenda {
  readonly #entries = new Map<string, Entry>();
  readonly #byTick = new Map<number, Set<string>>();

  /** When a job is due next; undefined when it is not. */
  nextOf(key: string): number | undefined {
    return this.#entries.get(key)?.tick;
  }

  /** The next of all ticks. */
  get earliest(): number | undefined {
    let earliest: number | undefined;
    for (const tick of this.#byTick.keys()) if (earliest === undefined || tick < earliest) earliest = tick;
    return earliest;
  }

  /** From now on the job is due by this schedule, first after that time. */
  set(key: string, schedule: Schedule, afterMs: number): void {
    this.delete(key);
    const tick = schedule(afterMs);
    if (tick !== undefined) this.#add(key, { schedule, tick });
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const others = this.#byTick.get(entry.tick);
    others?.delete(key);
    if (others?.size === 0) this.#byTick.delete(entry.tick);
  }

  /** Those that are due, earliest first. @param sinceMs what was due before then is left out */
  take(nowMs: number, sinceMs: number): Due[] {
    const due: Due[] = [];
    for (let tick = this.earliest; tick !== undefined && tick <= nowMs; tick = this.earliest) {
      const keys = [...this.#byTick.get(tick) ?? []];
      this.#byTick.delete(tick);
      for (const key of keys) {
        if (tick >= sinceMs) due.push({ key, tick });
        this.#goOn(key, Math.max(tick, sinceMs - 1));
      }
    }
    return due;
  }

  #goOn(key: string, afterMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const tick = entry.schedule(afterMs);
    if (tick === undefined) this.#entries.delete(key);
    else this.#add(key, { schedule: entry.schedule, tick });
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    const others = this.#byTick.get(entry.tick);
    if (others) others.add(key);
    else this.#byTick.set(entry.tick, new Set([key]));
  }
}
