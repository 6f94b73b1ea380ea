/** Sends something away, and keeps what came back in the storage. */
import { brokerProxy } from '../../worker.ts';
import type * as Storage from './storage.ts';

const storage = brokerProxy().workerProxy<typeof Storage>(new URL('./storage.ts', import.meta.url));

export async function sendMessage(url: string, text: string): Promise<Response> {
  const response = await fetch(url, { method: 'POST', body: text });
  await storage.put('last', await response.clone().text());
  return response;
}

export const last = (): Promise<unknown> => storage.get('last');
export const keep = (value: unknown): Promise<unknown> => storage.put('last', value);
