/**
 * What a worker's entry module answers a broker with: `self.onmessage = onmessage()`.
 * @module
 */
import { envelope, openEnvelope } from './messages.ts';
import { ModuleSide } from './module-side.ts';
import { sharedSide } from './shared-side.ts';
import { post, type Poster } from './transfer.ts';
import type { WorkerCallOptions } from './types.ts';

export type { WorkerCallOptions, WorkerMsgCall } from './types.ts';

/** @param around what runs around the calls */
export function onmessage(around: WorkerCallOptions = {}): (event: MessageEvent) => void {
  // Kept, since a module may take the name away.
  const self: Poster = { postMessage: (globalThis as unknown as Poster).postMessage.bind(globalThis) };
  const side = new ModuleSide((message, transfer) => post(self, envelope(message), transfer), around);
  sharedSide.set(side);
  side.handle({ kind: 'ping' }); // tells that it is there
  return ({ data, ports }) => {
    const message = openEnvelope(data);
    if (message !== undefined) side.handle(message, ports);
  };
}
