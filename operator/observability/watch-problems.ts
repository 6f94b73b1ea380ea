/** Which kinds cannot be followed at the moment, and why: what /readyz tells of a start that does not come to its end. */

/** Problems by kind, each one sentence. */
export class WatchProblems {
  readonly #byKind = new Map<string, string>();

  /** @param problem undefined when the kind is followed again */
  set(kind: string, problem: { readonly message: string } | undefined): void {
    if (problem === undefined) this.#byKind.delete(kind);
    else this.#byKind.set(kind, problem.message);
  }

  /** All of them; none when every kind is followed. */
  list(): string[] {
    return [...this.#byKind].map(([kind, message]) => `${kind}: ${message}`);
  }
}
