/** The latest events of a local cluster, kept for `status` and written to the log. */
import type { EventRecord, ObjectRef } from '../../cluster.ts';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../log.ts';
import { describe, refTo } from './objects.ts';

const maxEvents = 1000;

/** One event with how often it came. */
export interface KeptEvent {
  readonly kind: string;
  readonly ref: ObjectRef;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** ISO time it came last. */
  readonly lastTime: string;
}

/** Keeps the latest 1000 different events, oldest first; the same event again raises its count and moves to the end. */
export class EventLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #events = new Map<string, KeptEvent>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  record({ regarding, type, reason, message }: EventRecord): void {
    const ref = refTo(regarding);
    const key = JSON.stringify([
      regarding.metadata.uid,
      regarding.kind,
      ref.namespace,
      ref.name,
      type,
      reason,
      message,
    ]);
    const count = (this.#events.get(key)?.count ?? 0) + 1;
    this.#events.delete(key);
    this.#events.set(key, {
      kind: regarding.kind,
      ref,
      type,
      reason,
      message,
      count,
      lastTime: new Date(this.#clock.now()).toISOString(),
    });
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= maxEvents) break;
      this.#events.delete(oldest);
    }
    this.#log[type === 'Warning' ? 'warn' : 'info']({ object: describe(regarding.kind, ref), reason, count }, message);
  }

  list(): readonly KeptEvent[] {
    return [...this.#events.values()];
  }
}
