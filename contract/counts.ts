/**
 * What workers count themselves: the responses they do not write. Fields of the record of a group, raised in the
 * transaction that acknowledges the requests, so that they are exact; they never fall while the record lives.
 */
import { largestCode } from './response.ts';

/** Responses of a consumer with one code. */
export interface Count {
  readonly consumer: string;
  readonly code: number;
  readonly count: number;
}

const prefix = 'done:';

/** The field that counts the responses of a consumer with this code: `done:<code>:<consumer id>`. */
export function countField(consumerId: string, code: number): string {
  return `${prefix}${code}:${consumerId}`;
}

/** What the fields of a record count; others, and what is no number, are passed over. */
export function decodeCounts(fields: Iterable<readonly [name: string, value: string]>): Count[] {
  const counts: Count[] = [];
  for (const [name, value] of fields) {
    if (!name.startsWith(prefix)) continue;
    const [, code = '', consumer = ''] = pattern.exec(name) ?? [];
    const [read, count] = [Number(code), Number(value)];
    if (consumer === '' || read > largestCode || !Number.isSafeInteger(count) || count <= 0) continue;
    counts.push({ consumer, code: read, count });
  }
  return counts;
}

const pattern = /^done:(\d{1,9}):(.+)$/s;
