/** GET /healthz and /readyz for the kubelet. */
import { FatalError, messageOf } from './fatal.ts';

/** Without a sign of life for this long the process is stuck: each turn of the reading loop takes about two seconds. */
const stuckAfterMs = 20_000;

/** What the loop tells about itself. */
export class Pulse {
  readonly #now: () => number;
  #lastBeat: number;
  #reading = false;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
    this.#lastBeat = now();
  }

  /** The loop is alive: it has read, or waits on purpose, for Redis or for room. */
  beat(): void {
    this.#lastBeat = this.#now();
  }

  /** Whether the module is loaded, the group joined and Redis answers reads. */
  set reading(reading: boolean) {
    this.#reading = reading;
    this.beat();
  }

  get alive(): boolean {
    return this.#now() - this.#lastBeat < stuckAfterMs;
  }

  get ready(): boolean {
    return this.#reading && this.alive;
  }
}

/**
 * Serves the two paths. An outage of Redis makes the pod unready and leaves it alive: a restart would not help.
 * @throws FatalError when the address cannot be listened on.
 */
export function serveHealth(address: { readonly hostname: string; readonly port: number }, pulse: Pulse): void {
  const answer = (good: boolean) => new Response(good ? 'ok\n' : 'not now\n', { status: good ? 200 : 503 });
  try {
    Deno.serve({ ...address, onListen: () => {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === '/healthz') return answer(pulse.alive);
      if (pathname === '/readyz') return answer(pulse.ready);
      return new Response('not found\n', { status: 404 });
    });
  } catch (cause) {
    throw new FatalError('failed', `the health endpoint cannot listen on ${address.hostname}:${address.port}: ${messageOf(cause)}`, { cause });
  }
}
