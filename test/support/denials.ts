/** What a server has refused to the operator and to users of workers. */
import type { Redis } from 'ioredis';

/** Name of the login operators of tests have on a server that asks for a password. */
export const operatorName = 'redisworker';

/** A line for each command, key or channel one of them was denied since the log was last reset. */
export async function denialsOf(client: Redis): Promise<string[]> {
  const entries = (await client.call('ACL', 'LOG', '1000')) as unknown[][];
  return entries.filter((entry) => isOurs(entry) && valueOf(entry, 'reason') !== 'auth').map((entry) =>
    entry.join(' ')
  );
}

/** Forgets them: for tests that are about denials. */
export async function forgetDenials(client: Redis): Promise<void> {
  await client.call('ACL', 'LOG', 'RESET');
}

function isOurs(entry: readonly unknown[]): boolean {
  const username = String(valueOf(entry, 'username'));
  return username === operatorName || username.startsWith('rw-');
}

function valueOf(entry: readonly unknown[], field: string): unknown {
  return entry[entry.indexOf(field) + 1];
}
