/** What a server has refused to users of workers. */
import type { Redis } from 'ioredis';

/** A line for each command, key or channel a user of a worker was denied since the log was last reset. */
export async function denialsOf(client: Redis): Promise<string[]> {
  const entries = (await client.call('ACL', 'LOG', '1000')) as unknown[][];
  return entries.filter((entry) => isOfWorker(entry) && valueOf(entry, 'reason') !== 'auth').map((entry) =>
    entry.join(' ')
  );
}

/** Forgets them: for tests that are about denials. */
export async function forgetDenials(client: Redis): Promise<void> {
  await client.call('ACL', 'LOG', 'RESET');
}

function isOfWorker(entry: readonly unknown[]): boolean {
  return String(valueOf(entry, 'username')).startsWith('rw-');
}

function valueOf(entry: readonly unknown[], field: string): unknown {
  return entry[entry.indexOf(field) + 1];
}
