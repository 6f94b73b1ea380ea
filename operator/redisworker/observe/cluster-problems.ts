/** What a worker cannot be on a Redis Cluster: where the operator's own Redis is one, no API server has looked. Pure. */
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import { hatsInCluster, isTagged, scriptInCluster, streamsShareSlotMessage, tasksInCluster } from '../../api/schema.ts';
import { type Problem, terminal } from '../model/problem.ts';

/** The faults of a spec whose Redis is a Cluster. */
export function clusterProblems({ type, runtime, stream, handler }: RedisWorkerSpec): Problem[] {
  const named = [stream.request, stream.response, handler.deadLetter].filter((key) => key !== undefined);
  return [
    ...(runtime === 'Script' ? [terminal('InvalidSpec', scriptInCluster)] : []),
    ...(runtime === 'Hats' ? [terminal('InvalidSpec', hatsInCluster)] : []),
    ...(runtime === 'Rhai' ? [terminal('InvalidSpec', tasksInCluster)] : []),
    ...(named.every((key) => isTagged(key, type)) ? [] : [terminal('InvalidSpec', streamsShareSlotMessage)]),
  ];
}
