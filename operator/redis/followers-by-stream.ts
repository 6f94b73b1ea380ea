/** The followers of one feed, found by what they follow. */
import type { Follower } from './response-follower.ts';
import { compareIds } from './stream-id.ts';

const none: readonly Follower[] = [];

/** Thousands of them: none is looked for among all. */
export class FollowersByStream {
  readonly #byId = new Map<string, Follower>();
  readonly #byStream = new Map<string, readonly Follower[]>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Follower | undefined {
    return this.#byId.get(id);
  }

  add(follower: Follower): void {
    this.remove(follower.id);
    this.#byId.set(follower.id, follower);
    this.#byStream.set(follower.stream, [...this.of(follower.stream), follower]);
  }

  remove(id: string): void {
    const follower = this.#byId.get(id);
    if (follower === undefined) return;
    this.#byId.delete(id);
    const others = this.of(follower.stream).filter((one) => one !== follower);
    if (others.length > 0) this.#byStream.set(follower.stream, others);
    else this.#byStream.delete(follower.stream);
  }

  /** Those that follow this stream. */
  of(stream: string): readonly Follower[] {
    return this.#byStream.get(stream) ?? none;
  }

  all(): Iterable<Follower> {
    return this.#byId.values();
  }

  streams(): readonly string[] {
    return [...this.#byStream.keys()];
  }

  /** Where the hindmost of the stream's followers stands. */
  positionOf(stream: string): string | undefined {
    return this.of(stream).map(({ position }) => position).reduce<string | undefined>(
      (earliest, one) => (earliest !== undefined && compareIds(earliest, one) <= 0 ? earliest : one),
      undefined,
    );
  }
}
