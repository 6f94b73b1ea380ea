/** Questions to whoever serves the page. */
import type { Refusal } from '../../operator/page/model.ts';
import { currentToken } from './session.ts';

/** Nobody has let us in, or not any more. */
export class NoEntry extends Error {}

/** Nobody answers. */
export class Gone extends Error {}

/** Reads data. @throws NoEntry, Gone, or Error with the sentence of the refusal */
export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal === undefined ? {} : { signal });
}

/** Has something done. */
export function act<T>(path: string, body: object): Promise<T> {
  return ask<T>(path, { method: 'POST', body: JSON.stringify(body) });
}

/** Path of the data of a worker. */
export function workerPath({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `workers/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const headers = { authorization: `Bearer ${currentToken()}`, 'content-type': 'application/json' };
  const response = await fetch(`/data/${path}`, { ...init, headers }).catch((error: unknown) => {
    throw error instanceof DOMException ? error : new Gone('nobody answers at this address');
  });
  const answer = await response.json().catch(() => ({
    error: `the answer has the status ${response.status}`,
  })) as unknown;
  if (response.status === 401) throw new NoEntry((answer as Refusal).error);
  if (!response.ok) throw new Error((answer as Refusal).error);
  return answer as T;
}
