/**
 * Requests that have outlived processes: one of them may be what ended those. It may end this one too, and a pod that
 * ends is started again later and later, so it comes last, when everybody else has been served. Pure.
 */
import { type Pending, suspectFrom } from './pending.ts';

/** How long those that are new may keep suspects waiting, in ms. */
const patienceMs = 10_000;

/** The least suspicious first, each kind oldest first. */
export function leastSuspiciousFirst(backlog: readonly Pending[]): Pending[] {
  const suspicion = ({ deliveries }: Pending) => (deliveries < suspectFrom ? 0 : deliveries);
  return backlog.toSorted((one, other) => suspicion(one) - suspicion(other));
}

/** Lets what is new go before suspects, once per session: until there is none left, or for so long. */
export class NewBeforeSuspects {
  readonly #untilMs: number;
  #drained = false;

  /** @param nowMs of a clock that never jumps */
  constructor(nowMs: number) {
    this.#untilMs = nowMs + patienceMs;
  }

  /** Whether the next read is to bring new requests, though there is a backlog. */
  applies(backlog: readonly Pending[], nowMs: number): boolean {
    const [first] = backlog;
    return !this.#drained && first !== undefined && first.deliveries >= suspectFrom && nowMs < this.#untilMs;
  }

  /** A read brought `taken` of the `asked` requests it asked for. */
  read(taken: number, asked: number): void {
    this.#drained ||= taken < asked;
  }
}
