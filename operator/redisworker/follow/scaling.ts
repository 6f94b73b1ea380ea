/** Remembers between two looks how many consumers autoscaled workers needed, and which number was told last. */
import { type Needs, noted } from '../model/needs.ts';
import type { Observed } from '../model/observed.ts';
import { needOf } from '../plan/scale.ts';

/** In memory alone: after a restart nobody is taken away before a whole window was seen. */
export class Scaling {
  readonly #needs = new Map<string, Needs>();
  readonly #told = new Map<string, number>();

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

  /** @returns whether a number is another than was told last: a live copy may trail behind the status that told it */
  isNews(workerKey: string, wanted: number): boolean {
    const isNews = this.#told.get(workerKey) !== wanted;
    this.#told.set(workerKey, wanted);
    return isNews;
  }

  forget(workerKey: string): void {
    this.#needs.delete(workerKey);
    this.#told.delete(workerKey);
  }
}
