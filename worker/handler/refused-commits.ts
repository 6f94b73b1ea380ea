/** Finds out, when Redis takes nothing of a commit, whether one request is to blame, and sets that one aside. */
import type { RedisError } from '../redis/resp.ts';
import { type CarefulResult, type CarefulWay, commitWithCare } from './careful-commit.ts';
import { type CommitContext, tellOf } from './commit-context.ts';
import type { Held } from './in-flight.ts';
import { alternativesTo, isLong, isOfServer, isTooLong } from './refusal.ts';

/** What came of it. Requests that were refused and not set aside are to be tried again. */
export interface SiftedResult extends Omit<CarefulResult, 'refusal'> {
  readonly refusal?: { readonly error: RedisError; readonly requests: readonly Held[] };
}

/** Careful commits that do not let one request stand in the way of all others. */
export class RefusedCommits {
  readonly #way: CarefulWay;
  readonly #context: CommitContext;
  /** Commits that gave answers. */
  #answering = 0;
  /** How many there had been when a request was first refused: more since mean that the fault is its own. */
  readonly #answeringBefore = new WeakMap<Held, number>();
  /** The last refusal, until something is written again. */
  #refusal: RedisError | undefined;

  constructor(way: CarefulWay, context: CommitContext) {
    this.#way = way;
    this.#context = context;
  }

  /** Answers were committed. */
  answered(): void {
    this.#answering++;
    this.#refusal = undefined;
  }

  /** @throws RedisError of a server that has to be waited for; see {@link commitWithCare} for what else */
  async commit(batch: readonly Held[]): Promise<SiftedResult> {
    // A Redis that is full is asked for a trifle first: whatever is refused after that is too long for it.
    const full = this.#refusal?.code === 'OOM' ? await this.#way.own.tryTrifle() : undefined;
    if (full) return refused(full, batch);
    const tooLong = batch.filter(isTooLong);
    const suspects = batch.filter((held) => this.#isSuspect(held));
    const others = batch.filter((held) => !isTooLong(held) && !this.#isSuspect(held));
    let result = others.length > 0 ? await this.#sift(others) : nothing;
    for (const held of tooLong) result = merged(result, await this.#setAside(held, held.refusedFor as RedisError));
    return await this.#suspectsAfter(result, suspects.sort(leastRefused));
  }

  /**
   * What may be too long goes last and one by one: a Redis that has just had too much of it has no room for anything
   * else, until it has let go of the command.
   */
  async #suspectsAfter(others: SiftedResult, suspects: readonly Held[]): Promise<SiftedResult> {
    let result = others;
    const isHopeless = others.refusal !== undefined && others.written.length === 0;
    let last = isHopeless ? others.refusal : undefined;
    for (const held of suspects) {
      const one: SiftedResult = last ? refused(last.error, [held]) : await this.#sift([held]);
      last ??= one.refusal;
      result = merged(result, one);
    }
    return result;
  }

  /** True for a long reply in a commit that was refused before. */
  #isSuspect(held: Held): boolean {
    return this.#answeringBefore.has(held) && isLong(held) && !isTooLong(held);
  }

  async #sift(batch: readonly Held[]): Promise<SiftedResult> {
    const result = await this.#try(batch);
    if (!result.refusal) return result;
    if (batch.length === 1) return await this.#setAside(batch[0] as Held, result.refusal.error);
    // The shortest of those that were refused least: if that is refused too, nothing else need be tried.
    const [first, ...others] = [...batch].sort(leastRefused);
    const probe = await this.#sift([first as Held]);
    return probe.refusal ? refused(probe.refusal.error, batch) : merged(probe, await this.#split(others));
  }

  async #split(batch: readonly Held[]): Promise<SiftedResult> {
    if (batch.length === 0) return nothing;
    const result = await this.#try(batch);
    if (!result.refusal) return result;
    if (batch.length === 1) return await this.#setAside(batch[0] as Held, result.refusal.error);
    const middle = batch.length >> 1;
    return merged(await this.#split(batch.slice(0, middle)), await this.#split(batch.slice(middle)));
  }

  async #try(batch: readonly Held[]): Promise<SiftedResult> {
    const { refusal, ...result } = await commitWithCare(this.#way, batch);
    if (refusal === undefined) {
      if (result.written.some(({ finish }) => finish.outcome.answer !== undefined)) this.answered();
      return result;
    }
    if (isOfServer(refusal)) throw refusal;
    this.#refusal = refusal;
    for (const held of batch) {
      if (!this.#answeringBefore.has(held)) this.#answeringBefore.set(held, this.#answering);
    }
    return refused(refusal, batch);
  }

  /** Writes something else for a request that was refused by itself, where that is known to be its own fault. */
  async #setAside(held: Held, error: RedisError): Promise<SiftedResult> {
    held.refusals++;
    held.refusedFor = error;
    const { place, clock, log } = this.#context;
    const othersPass = this.#answering > (this.#answeringBefore.get(held) ?? this.#answering);
    const original = held.outcome;
    for (const outcome of alternativesTo(held, error, place.type, clock.now(), othersPass)) {
      held.outcome = outcome;
      const result = await this.#try([held]);
      if (result.refusal) continue;
      log.error('a reply cannot be written; its request is set aside', tellOf(held, error.message));
      return result;
    }
    held.outcome = original;
    return refused(error, [held]);
  }
}

function leastRefused(one: Held, other: Held): number {
  return one.refusals - other.refusals || one.bytes - other.bytes;
}

const nothing: SiftedResult = { written: [], gone: [], waiting: [], ordinary: false };

function refused(error: RedisError, requests: readonly Held[]): SiftedResult {
  return { ...nothing, refusal: { error, requests } };
}

function merged(one: SiftedResult, other: SiftedResult): SiftedResult {
  const refusal = one.refusal && other.refusal
    ? { ...one.refusal, requests: [...one.refusal.requests, ...other.refusal.requests] }
    : one.refusal ?? other.refusal;
  return {
    written: [...one.written, ...other.written],
    gone: [...one.gone, ...other.gone],
    waiting: [...one.waiting, ...other.waiting],
    ordinary: one.ordinary && other.ordinary,
    ...(refusal ? { refusal } : {}),
  };
}
