/**
 * What a worker's entry module answers a broker with: `self.onmessage = onmessage()`.
 * @module
 */
import { envelope, openEnvelope } from './messages.ts';
import { ModuleSide } from './module-side.ts';
import { sharedSide } from './shared-side.ts';
import type { WorkerCallOptions } from './types.ts';

export type { WorkerCallOptions, WorkerMsgCall } from './types.ts';

interface Poster {
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** @param around what runs around the calls */
export function onmessage(around: WorkerCallOptions = {}): (event: MessageEvent) => void {
  // Kept, since a module may take the name away.
  const post = (globalThis as unknown as Poster).postMessage.bind(globalThis);
  const side = new ModuleSide((message, transfer) => post(envelope(message), transfer), around);
  sharedSide.set(side);
  side.handle({ kind: 'ping' }); // tells that it is there
  return ({ data, ports }) => {
    const message = openEnvelope(data);
    if (message !== undefined) side.handle(message, ports);
  };
}
