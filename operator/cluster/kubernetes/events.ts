/** Events for `kubectl describe`: the same event again raises the count of the first, also after a restart. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { ClusterError, type EventRecord, keyOf, type KubeObject, type ObjectRef, resources } from '../cluster.ts';
import type { Log } from './hooks.ts';
import type { Http } from './http.ts';
import { collectionPath, microTime, objectPath, parseObject } from './wire.ts';

/** What events are made with. `instance` names this process, at most 128 characters. */
export interface EventsContext {
  readonly http: Pick<Http, 'call'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly instance: string;
  /** Least time between two writes of the same event, in ms. */
  readonly spacingMs?: number;
}

/** One event and how often it happened. */
interface Tally {
  readonly ref: Required<ObjectRef>;
  readonly event: EventRecord;
  /** Occurrences not yet written. */
  fresh: number;
  /** Occurrences the API server knows of; 0 = nothing was written by us yet. */
  written: number;
  busy: boolean;
}

/** Events remembered for counting; older ones start over, and find their predecessor by its name. */
const maxTallies = 2000;
const maxNoteBytes = 1024;

/** Writes an event at once and its repetitions at most every ten seconds. */
export class Events {
  readonly #context: Required<EventsContext>;
  readonly #tallies = new Map<string, Tally>();
  readonly #writing = new Set<Promise<void>>();
  readonly #timers = new Set<() => void>();

  constructor(context: EventsContext) {
    this.#context = { spacingMs: 10_000, ...context };
  }

  /** Never throws and does not wait. */
  record(full: EventRecord): void {
    const tally = this.#tallyOf(withoutBody(full));
    tally.fresh += 1;
    if (!tally.busy) this.#begin(tally);
  }

  /** Settles when what is being written is written; repetitions that wait for their turn are dropped. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
    for (const cancel of this.#timers) cancel();
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

  #begin(tally: Tally): void {
    tally.busy = true;
    const written = this.#write(tally).then(() => {
      this.#writing.delete(written);
      this.#pause(tally);
    });
    this.#writing.add(written);
  }

  async #write(tally: Tally): Promise<void> {
    const { http, clock, instance, log } = this.#context;
    const count = tally.fresh;
    tally.fresh = 0;
    try {
      tally.written = await raise(http, tally, count, { instance, now: clock.now() });
    } catch (error) {
      log.warn({ err: error, reason: tally.event.reason }, 'an event could not be written');
    }
  }

  #pause(tally: Tally): void {
    const cancel = this.#context.clock.after(this.#context.spacingMs, () => {
      this.#timers.delete(cancel);
      tally.busy = false;
      if (tally.fresh > 0) this.#begin(tally);
    });
    this.#timers.add(cancel);
  }
}

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
      await http.call({ method: 'POST', path: collectionPath(resources.events, ref.namespace), body, repeat: 'Never' });
      return count === 1 ? 1 : await setCount(http, ref, count, by.now);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'AlreadyExists') throw error;
      const known = parseObject(await http.call({ method: 'GET', path: objectPath(resources.events, ref) }));
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
