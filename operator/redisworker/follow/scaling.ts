/** Remembers between two looks how many consumers autoscaled workers needed, and counts what was decided. */
import { type Needs, noted } from '../model/needs.ts';
import type { Observed } from '../model/observed.ts';
import { needOf } from '../plan/scale.ts';

/** Decisions on the number of consumers, since this process follows the worker. */
export interface Decisions {
  readonly out: number;
  readonly in: number;
}

/** In memory alone: after a restart nobody is taken away before a whole window was seen. */
export class Scaling {
  readonly #needs = new Map<string, Needs>();
  readonly #decisions = new Map<string, Decisions>();

  /** What the worker needed at recent looks. */
  needs(workerKey: string): Needs | undefined {
    return this.#needs.get(workerKey);
  }

  /** Takes in what one look has found. */
  note(workerKey: string, { now, spec }: Observed): void {
    const autoscale = spec?.blueprint.consumers.autoscale;
    if (autoscale === undefined) {
      this.forget(workerKey);
      return;
    }
    const count = needOf(spec?.redis.kind === 'answered' ? spec.redis.work.demand : undefined, autoscale, now);
    if (count === undefined) return;
    const needs = noted(this.#needs.get(workerKey), { time: now, count }, autoscale.idleSeconds * 1000);
    this.#needs.set(workerKey, needs);
  }

  /** Counts a decision that was told. */
  decided(workerKey: string, direction: keyof Decisions): void {
    const before = this.decisions(workerKey);
    this.#decisions.set(workerKey, { ...before, [direction]: before[direction] + 1 });
  }

  /** For metrics. */
  decisions(workerKey: string): Decisions {
    return this.#decisions.get(workerKey) ?? { out: 0, in: 0 };
  }

  forget(workerKey: string): void {
    this.#needs.delete(workerKey);
    this.#decisions.delete(workerKey);
  }
}
