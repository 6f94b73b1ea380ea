/** Requests and places for the worker's own tests. */
import type { Held } from '../handler/in-flight.ts';
import { type Bulk, decodeEntry } from '../handler/entry.ts';
import type { Identity } from '../pod/identity.ts';
import type { Place } from '../handler/place.ts';
import { Proof } from '../handler/proof.ts';
import { parseHandlerSettings } from '../handler/settings.ts';

const utf8 = new TextEncoder();

/** Fields of an entry as they come from Redis. */
export function flat(fields: Readonly<Record<string, Bulk>>): Bulk[] {
  return Object.entries(fields).flat().map((
    part,
  ) => (typeof part === 'string' && /[^\0-\x7f]/.test(part) ? utf8.encode(part) : part));
}

/** A request in flight. */
export function held(fields: Readonly<Record<string, Bulk>>, more: Partial<Held> = {}, id = '5-1'): Held {
  return {
    entry: decodeEntry(id, flat(fields)),
    deliveries: 1,
    receivedMs: 0,
    provenMs: 0,
    bytes: 0,
    refusals: 0,
    refusedFor: undefined,
    losses: 0,
    acknowledged: false,
    place: 0,
    state: 'running',
    ref: 'r',
    startedMs: 1000,
    completedMs: 1012,
    outcome: {},
    context: undefined,
    ...more,
  };
}

/** Who works in it. */
export const identity: Identity = { pid: '7', owner: 'pod-1', session: 'session-1' };

/** A worker of type `demo-worker`. */
export function place(more: Partial<Place> = {}): Place {
  return {
    type: 'demo-worker',
    consumerId: '1',
    requestStream: 'demo-worker:req:x',
    responseStream: 'demo-worker:res:x',
    requestLimit: 0,
    denoOptions: [],
    hashKey: 'demo-worker:1:h',
    keyPrefix: 'demo-worker',
    settings: parseHandlerSettings('{}', 'demo-worker'),
    sourceDigest: 'sha256-ab',
    proof: new Proof('demo-worker', undefined),
    ...more,
  };
}
