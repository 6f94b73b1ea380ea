/** GET /healthz and /readyz for the kubelet. */
import type { Address } from './address.ts';
import { FatalError } from './fatal.ts';
import { messageOf } from './foreign.ts';
import { after } from './timers.ts';

/** Without a sign of life for this long the process is stuck: each turn of the reading loop takes about two seconds. */
const stuckAfterMs = 20_000;
const probeMs = 5000;
const maxHead = 16 * 1024;

/** What a process tells about itself. */
export interface Health {
  /** False once only a restart can help. */
  readonly alive: boolean;
  /** Whether it does its work. */
  readonly ready: boolean;
}

/** The health of a loop, as it tells it. */
export class Pulse implements Health {
  readonly #now: () => number;
  #lastBeat: number;
  #reading = false;
  #committing = true;
  #started = false;
  #ending = false;

  /** @param now milliseconds of a clock that never jumps */
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
    this.#started ||= reading;
    this.beat();
  }

  /** Whether Redis takes what is finished. */
  set committing(committing: boolean) {
    this.#committing = committing;
  }

  /** It is told to stop: whoever sends it work is to send no more. */
  end(): void {
    this.#ending = true;
  }

  /** Before the first read, loading the module and waiting for a place have deadlines of their own. */
  get alive(): boolean {
    return !this.#started || this.#now() - this.#lastBeat < stuckAfterMs;
  }

  get ready(): boolean {
    return this.#reading && this.#committing && !this.#ending && this.alive;
  }
}

/**
 * Serves the two paths. An outage of Redis makes the pod unready and leaves it alive: a restart would not help.
 * Probes are all it has to understand; Deno's own server would be half of the time a start takes.
 * @returns ends the service, which frees the address
 * @throws FatalError when the address cannot be listened on.
 */
export function serveHealth(address: Address, health: Health): () => void {
  try {
    const listener = Deno.listen(address);
    void answerProbes(listener, health);
    return () => listener.close();
  } catch (cause) {
    throw new FatalError(
      'failed',
      `the health endpoint cannot listen on ${address.hostname}:${address.port}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function answerProbes(listener: Deno.Listener, health: Health): Promise<void> {
  for await (const probe of listener) void answerProbe(probe, health).catch(() => {}); // it went away; the next one will come
}

async function answerProbe(probe: Deno.Conn, health: Health): Promise<void> {
  const patience = after(probeMs, () => probe.close());
  try {
    const [, path = ''] = /^GET (\/[^ ?]*)/.exec(await readHead(probe)) ?? [];
    const [status, text] = answerTo(path, health);
    await probe.write(
      new TextEncoder().encode(
        `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
      ),
    );
  } finally {
    patience.cancel();
    probe.close();
  }
}

function answerTo(path: string, health: Health): readonly [status: string, text: string] {
  const healthy = { '/healthz': health.alive, '/readyz': health.ready }[path];
  if (healthy === undefined) return ['404 Not Found', 'not found\n'];
  return healthy ? ['200 OK', 'ok\n'] : ['503 Service Unavailable', 'not now\n'];
}

/** Everything up to the empty line, so that closing the connection does not take the answer with it. */
async function readHead(probe: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(2048);
  for (let head = '';;) {
    const length = await probe.read(chunk);
    if (length === null || head.length > maxHead) return head;
    head += decoder.decode(chunk.subarray(0, length), { stream: true });
    if (head.includes('\r\n\r\n')) return head;
  }
}
