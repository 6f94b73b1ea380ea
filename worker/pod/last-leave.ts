/** Gives up a consumer's place at the end of its process. */
import type { Logger } from '../mod.ts';
import type { Connect } from '../redis/connection-pair.ts';
import { type Identity, leavePlace } from './identity.ts';
import { isOutage } from './outage.ts';

/** A pid that stays behind because Redis is away is replaced by the pod's next process, or cleared by the operator. */
export async function leaveAtEnd(connect: Connect, hashKey: string, me: Identity, log: Logger): Promise<void> {
  try {
    const connection = await connect();
    await leavePlace(connection, hashKey, me).finally(() => connection.close());
  } catch (error) {
    if (!isOutage(error)) throw error;
    log.warn('the pid could not be removed from the config hash', { reason: error.message });
  }
}
