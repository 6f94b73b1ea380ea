/** Which streams one blocking read can name. Pure. */
import { slotOf } from '../../contract/redis-slot.ts';
import { type RedisTarget, targetKey } from './target.ts';

/** Equal for streams one read can name: all of a Redis, but in a Cluster those of one slot. */
export function readKey(target: RedisTarget, stream: string): string {
  const key = targetKey(target);
  return target.topology.kind === 'Cluster' ? `${key} ${slotOf(stream)}` : key;
}
