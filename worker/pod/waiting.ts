/** Waiting for a consumer's place. */
import type { Connection } from '../redis/connection.ts';
import { type Identity, takePlace, type Taking } from './identity.ts';
import { pause } from './timers.ts';

/** Milliseconds between two looks, more or less: many pods may wait for the same operator. */
const pollMs = 300;

/** Who hears of it, and when to give up. */
export interface Waiting {
  /** Told what is waited for, at every look. */
  readonly tell: (sentence: string) => void;
  /** Called at every look: Redis answers, and waiting is on purpose. */
  readonly onLook: () => void;
  readonly until?: AbortSignal;
}

/**
 * Takes the place once its config hash is there and no other pod holds it.
 * @returns the fields of the hash; undefined when `until` was aborted first
 */
export async function waitForPlace(
  connection: Connection,
  hashKey: string,
  me: Identity,
  { tell, onLook, until }: Waiting,
): Promise<Readonly<Record<string, string>> | undefined> {
  while (!until?.aborted) {
    const taking = await takePlace(connection, hashKey, me);
    if (taking.kind === 'taken') return taking.fields;
    onLook();
    tell(obstacle(taking, hashKey));
    await pause(pollMs * (0.5 + Math.random()), until);
  }
  return undefined;
}

/** Nothing this process could do helps. */
function obstacle(taking: Exclude<Taking, { kind: 'taken' }>, hashKey: string): string {
  if (taking.kind === 'noHash') {
    return `the config hash ${hashKey} does not exist; waiting until the operator writes it, see the conditions of the RedisWorker`;
  }
  const { pid, owner } = taking.by;
  const holder = owner === undefined ? `process ${pid} of no known pod` : `process ${pid} of pod ${owner}`;
  return `the config hash ${hashKey} is in use by ${holder}; waiting until its field "pid" is removed`;
}
