/** The kinds of work there are, and which one a worker has. */
import type { RedisWorker } from '../../api/redisworker.ts';
import type { KindOfWork, WorkBlueprint, WorkSurroundings } from '../model/work.ts';
import { streamWork } from './stream/index.ts';

const kinds: ReadonlyMap<string, KindOfWork> = new Map([['stream', streamWork]]);

/** The work of a worker, resolved from its spec. */
export function workOf(worker: RedisWorker, around: WorkSurroundings): WorkBlueprint {
  return streamWork.blueprint(worker, around);
}

/** The kind that knows what to do about this work. */
export function kindOf({ kind }: WorkBlueprint): KindOfWork {
  const found = kinds.get(kind);
  if (!found) throw new Error(`there is no kind of work "${kind}"`);
  return found;
}
