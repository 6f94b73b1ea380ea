/** Keeps a store for each module that calls. */
import type { WorkerMsgCall } from '../../types.ts';

const stores = new Map<string, Map<string, unknown>>();

function storeOf({ sourceModule }: WorkerMsgCall): Map<string, unknown> {
  const name = sourceModule ?? 'the program';
  const store = stores.get(name) ?? new Map<string, unknown>();
  stores.set(name, store);
  return store;
}

export function put(this: WorkerMsgCall, name: string, value: unknown): unknown {
  storeOf(this).set(name, value);
  return value;
}

export function get(this: WorkerMsgCall, name: string): unknown {
  return storeOf(this).get(name);
}
