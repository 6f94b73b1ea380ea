/**
 * What workers count themselves: the responses they do not write. Fields of the record of a group, raised in the
 * transaction that acknowledges the requests, so that they are exact; they never fall while the record lives.
 */
/** Responses of a consumer with one code. */
export interface Count {
  readonly consumer: string;
  readonly code: number;
  readonly count: number;
}

/** The field that counts the responses of a consumer with this code: `done:<code>:<consumer id>`. */
export function countField(consumerId: string, code: number): string {
  return `done:${code}:${consumerId}`;
}

/** What the fields of a record count; others, and what is no number, are passed over. */
export function decodeCounts(fields: Iterable<readonly [name: string, value: string]>): Count[] {
  const counts: Count[] = [];
  for (const [name, value] of fields) {
    const [, code, consumer] = pattern.exec(name) ?? [];
    const count = Number(value);
    if (code === undefined || consumer === undefined || !Number.isSafeInteger(count) || count <= 0) continue;
    counts.push({ consumer, code: Number(code), count });
  }
  return counts;
}

/** A code has nine digits at most, as in responses. */
const pattern = /^done:(\d{1,9}):(.+)$/s;
