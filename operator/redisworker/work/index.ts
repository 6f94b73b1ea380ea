/** The kinds of work there are, and which one a worker has. */
import type { RedisWorker, RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KindOfWork, WorkBlueprint, WorkSurroundings } from '../model/work.ts';
import { hatsWork } from './hats/index.ts';
import { modulesOver } from './modules/index.ts';
import { streamWork } from './stream/index.ts';
import { tasksWork } from './tasks/index.ts';

/** Each runtime has one kind of work. */
const kindOfRuntime: Readonly<Record<RedisWorkerSpec['runtime'], keyof typeof kinds>> = {
  Handler: 'stream',
  Script: 'stream',
  Hats: 'hats',
  Rhai: 'tasks',
  Modules: 'modules',
};

const kinds = { stream: streamWork, hats: hatsWork, tasks: tasksWork, modules: modulesOver(streamWork) } as const;

const byName: ReadonlyMap<string, KindOfWork> = new Map<string, KindOfWork>(Object.entries(kinds));

/** The work of a worker, resolved from its spec. */
export function workOf(worker: RedisWorker, around: WorkSurroundings): WorkBlueprint {
  return kinds[kindOfRuntime[worker.spec.runtime]].blueprint(worker, around);
}

/** The kind that knows what to do about this work. */
export function kindOf({ kind }: WorkBlueprint): KindOfWork {
  const found = byName.get(kind);
  if (!found) throw new Error(`there is no kind of work "${kind}"`);
  return found;
}
