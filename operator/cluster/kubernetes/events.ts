/**
 * Events for `kubectl describe`: the same event again raises the count of the first, also after a restart. They are
 * written a few at a time behind everything else; when too many wait, the oldest are dropped.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { ClusterError, type EventRecord, keyOf, type KubeObject, type ObjectRef, resources } from '../cluster.ts';
import { pause } from '../../pause.ts';
import type { Hooks, Log } from './hooks.ts';
import type { Http, Lane } from './http.ts';
import { collectionPath, microTime, objectPath, parseObject } from './wire.ts';

/** What events are made with. `instance` names this process, at most 128 characters. */
export interface EventsContext {
  readonly http: Pick<Http, 'call'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly hooks: Hooks;
  readonly instance: string;
}

/** One event and how often it happened. */
interface Tally {
  readonly ref: Required<ObjectRef>;
  readonly event: EventRecord;
  /** Occurrences not yet written. */
  fresh: number;
  /** Occurrences the API server knows of; 0 = nothing was written by us yet. */
  written: number;
  /** Waits to be written, is being written, or was a moment ago. */
  busy: boolean;
}

/** Events remembered for counting; older ones start over, and find their predecessor by its name. */
const maxTallies = 2000;
/** Events that wait to be written; the oldest give way. */
const maxWaiting = 500;
/** Events written at once. */
const maxWriters = 2;
/** Least time between two writes of the same event, in ms. */
const spacingMs = 10_000;
/** What waits at the end is written for so long, in ms. */
const closingMs = 500;
const maxNoteBytes = 1024;

/** Writes an event at once and its repetitions at most every ten seconds. Nothing ever waits for it. */
export class Events {
  readonly #context: EventsContext;
  readonly #tallies = new Map<string, Tally>();
  readonly #waiting = new Set<Tally>();
  readonly #writing = new Set<Promise<void>>();
  readonly #timers = new Set<() => void>();
  #failing = false;
  #closed = false;

  constructor(context: EventsContext) {
    this.#context = context;
  }

  /** Never throws and does not wait. */
  record(full: EventRecord): void {
    if (this.#closed) return;
    const tally = this.#tallyOf(withoutBody(full));
    tally.fresh += 1;
    if (!tally.busy) this.#enqueue(tally);
  }

  /** Settles when everything is written, or after half a second; repetitions that wait for their turn are dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    const written = new AbortController();
    const inTime = pause(closingMs, this.#context.clock, written.signal);
    await Promise.race([this.#idle(), inTime]);
    written.abort();
    this.#waiting.clear();
  }

  async #idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  #tallyOf(event: EventRecord): Tally {
    const ref = refFor(event);
    const key = keyOf(ref);
    const tally = this.#tallies.get(key) ?? { ref, event, fresh: 0, written: 0, busy: false };
    this.#tallies.delete(key);
    this.#tallies.set(key, tally); // the youngest is last
    if (this.#tallies.size > maxTallies) this.#tallies.delete(this.#tallies.keys().next().value ?? key);
    return tally;
  }

  #enqueue(tally: Tally): void {
    tally.busy = true;
    this.#waiting.add(tally);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > maxWaiting && oldest !== undefined) this.#drop(oldest);
    this.#writeNext();
  }

  #drop(tally: Tally): void {
    this.#waiting.delete(tally);
    this.#context.hooks.eventsDropped?.(tally.fresh);
    tally.fresh = 0;
    tally.busy = false;
  }

  #writeNext(): void {
    const [tally] = this.#waiting;
    if (tally === undefined || this.#writing.size >= maxWriters) return;
    this.#waiting.delete(tally);
    const written = this.#write(tally).then(() => {
      this.#writing.delete(written);
      if (!this.#closed) this.#rest(tally);
      this.#writeNext();
    });
    this.#writing.add(written);
  }

  async #write(tally: Tally): Promise<void> {
    const { http, clock, instance } = this.#context;
    const count = tally.fresh;
    tally.fresh = 0;
    try {
      tally.written = await raise(http, tally, count, { instance, now: clock.now() });
      this.#failing = false;
    } catch (error) {
      this.#failed(error, tally.event.reason);
    }
  }

  /** One warning for all that fail in a row: what refuses one event refuses a thousand. */
  #failed(error: unknown, reason: string): void {
    const isForNobody = error instanceof ClusterError && error.reason === 'NamespaceTerminating';
    const level = isForNobody || this.#failing || this.#closed ? 'debug' : 'warn';
    this.#context.log[level]({ err: error, reason }, 'an event could not be written');
    if (!isForNobody) this.#failing = true;
  }

  #rest(tally: Tally): void {
    const cancel = this.#context.clock.after(spacingMs, () => {
      this.#timers.delete(cancel);
      tally.busy = false;
      if (tally.fresh > 0) this.#enqueue(tally);
    });
    this.#timers.add(cancel);
  }
}

const lane: Lane = 'Events';

/** Creates the event or adds to its count. @returns the count now */
async function raise(
  http: Pick<Http, 'call'>,
  tally: Tally,
  count: number,
  by: { instance: string; now: number },
): Promise<number> {
  const { ref, event } = tally;
  if (tally.written === 0) {
    try {
      const body = eventObject(ref, event, by);
      await http.call({
        lane,
        method: 'POST',
        path: collectionPath(resources.events, ref.namespace),
        body,
        repeat: 'Never',
      });
      return count === 1 ? 1 : await setCount(http, ref, count, by.now);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'AlreadyExists') throw error;
      const known = parseObject(await http.call({ lane, method: 'GET', path: objectPath(resources.events, ref) }));
      return setCount(http, ref, countOf(known) + count, by.now);
    }
  }
  try {
    return await setCount(http, ref, tally.written + count, by.now);
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'NotFound') throw error;
    return raise(http, { ...tally, written: 0 }, count, by); // expired in the meantime
  }
}

async function setCount(http: Pick<Http, 'call'>, ref: ObjectRef, count: number, now: number): Promise<number> {
  const body = { series: { count, lastObservedTime: microTime(now) } };
  await http.call({
    lane,
    method: 'PATCH',
    path: objectPath(resources.events, ref),
    contentType: 'application/merge-patch+json',
    body,
  });
  return count;
}

/** The same event about the same object has the same name, whoever writes it. */
function refFor({ regarding, type, reason, message }: EventRecord): Required<ObjectRef> {
  const digest = createHash('sha256').update(
    JSON.stringify([regarding.kind, regarding.metadata.uid, type, reason, message]),
  ).digest('hex').slice(0, 16);
  return {
    namespace: regarding.metadata.namespace ?? 'default',
    name: `${regarding.metadata.name.slice(0, 230)}.${digest}`,
  };
}

/** Remembered events do not hold on to whole objects. */
function withoutBody({ regarding: { apiVersion, kind, metadata }, type, reason, message }: EventRecord): EventRecord {
  const { name, namespace, uid, resourceVersion } = metadata;
  const ids = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { regarding: { apiVersion, kind, metadata: ids }, type, reason, message };
}

function eventObject(
  ref: Required<ObjectRef>,
  { regarding, type, reason, message }: EventRecord,
  { instance, now }: { instance: string; now: number },
): KubeObject {
  return {
    apiVersion: resources.events.apiVersion,
    kind: resources.events.kind,
    metadata: { ...ref },
    eventTime: microTime(now),
    reportingController: 'redisworker.dev/operator',
    reportingInstance: instance,
    action: 'Reconcile',
    type,
    reason,
    note: Buffer.from(message).subarray(0, maxNoteBytes).toString().replace(/\uFFFD$/, ''),
    regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, ...regarding.metadata },
  };
}

function countOf({ series }: KubeObject): number {
  const count = typeof series === 'object' && series !== null && 'count' in series ? series.count : undefined;
  return typeof count === 'number' ? count : 1;
}
