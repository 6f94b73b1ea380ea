/** What this process has in hand: tasks that wait for an engine, that run, and that are finished and not yet told. */
import { Signal } from '../pod/signal.ts';
import type { Outcome, Task } from './task.ts';

/** A task with its outcome. */
export interface Ended extends Task {
  readonly outcome: Outcome;
}

/** Scripts that run longer on average are taken one by one; those that do not are taken ahead. */
const shortMs = 5;
/** Tasks taken ahead at most. */
const mostAhead = 32;
/** How much the last script counts in the average. */
const weight = 0.2;

/** The tasks in hand, each under its id. */
export class Hands {
  /** There may be room for more. */
  readonly room = new Signal();
  /** There may be something to tell. */
  readonly work = new Signal();
  readonly #waiting: Task[] = [];
  readonly #running = new Map<string, number>();
  #ended: Ended[] = [];
  readonly #ids = new Set<string>();
  #averageMs = 0;
  #ahead = 1;

  get size(): number {
    return this.#ids.size;
  }

  get running(): number {
    return this.#running.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** How many more may be taken. @param engines scripts that may run at once */
  free(engines: number): number {
    const most = engines + this.#ahead;
    const waits = this.#waiting.length + this.#running.size;
    return waits > most / 2 && waits >= engines ? 0 : Math.max(0, most - waits);
  }

  /** Takes in a task; one that cannot be run has ended. A second one of the same id is left for when the first is told. */
  take(task: Task): boolean {
    if (this.#ids.has(task.id)) return false;
    this.#ids.add(task.id);
    if (task.outcome) this.#ended.push({ ...task, outcome: task.outcome });
    else this.#waiting.push(task);
    this.work.notify();
    return true;
  }

  /** The next task to run. @param nowMs of a clock that never jumps */
  begin(nowMs: number): Task | undefined {
    const task = this.#waiting.shift();
    if (task === undefined) return undefined;
    this.#running.set(task.id, nowMs);
    this.room.notify();
    return task;
  }

  /** A script has ended; false when nobody wants its outcome any more. */
  end(task: Task, outcome: Outcome): boolean {
    if (!this.#running.delete(task.id)) return false;
    this.#averageMs += (outcome.ms - this.#averageMs) * weight;
    if (this.#averageMs < shortMs) this.#ahead = Math.min(mostAhead, this.#ahead * 2 + 1);
    this.#ended.push({ ...task, outcome });
    this.room.notify();
    this.work.notify();
    return true;
  }

  /** Whether a script has run for so long that what waits behind it had better be somebody else's. */
  isHeldUp(nowMs: number, patienceMs: number): boolean {
    return this.#waiting.length > 0 && [...this.#running.values()].some((startedMs) => nowMs - startedMs > patienceMs);
  }

  /** Ids of all that wait, which are no longer in hand. */
  dropWaiting(): string[] {
    this.#ahead = 0;
    return this.#drop(this.#waiting.splice(0).map(({ id }) => id));
  }

  /** Ids of all that run, whose outcome nobody wants any more. */
  dropRunning(): string[] {
    const ids = [...this.#running.keys()];
    this.#running.clear();
    return this.#drop(ids);
  }

  /** Ended tasks, which are on their way to Redis from now on. */
  takeEnded(most: number): Ended[] {
    return this.#ended.splice(0, most);
  }

  /** Redis has been told of them. */
  told(ended: readonly Ended[]): void {
    this.#drop(ended.map(({ id }) => id));
  }

  /** Redis has not been told of them. */
  putBack(ended: readonly Ended[]): void {
    this.#ended = [...ended, ...this.#ended];
  }

  #drop(ids: string[]): string[] {
    for (const id of ids) this.#ids.delete(id);
    this.room.notify();
    this.work.notify();
    return ids;
  }
}
