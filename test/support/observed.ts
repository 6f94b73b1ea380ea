/** Observations for tests of pure decisions, computed from a worker as the observer would. */
import { parseRedisWorker } from '../../operator/api/redisworker.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import type { Needs } from '../../operator/redisworker/model/needs.ts';
import { emptyTally, type ResponseTally } from '../../operator/redis/response-tally.ts';
import type { BesideStream } from '../../operator/redis/beside-stream.ts';
import type { StreamView } from '../../operator/redis/observe-stream.ts';
import { blueprintOf } from '../../operator/redisworker/observe/blueprint.ts';
import type { Defaults } from '../../operator/redisworker/model/blueprint.ts';
import { parseCanary } from '../../operator/redisworker/network/gate.ts';
import { declaredIds } from '../../operator/redisworker/model/consumers.ts';
import type { Observed, ObservedSpec } from '../../operator/redisworker/model/observed.ts';
import { resolveSource } from '../../operator/redisworker/observe/source.ts';
import type { StreamBlueprint } from '../../operator/redisworker/work/stream/blueprint.ts';
import { streamView } from '../../operator/redisworker/work/stream/view.ts';
import { topologyOf } from '../../operator/redisworker/model/services.ts';
import { targetAt } from './redis-target.ts';

/** A stream with a group and nobody in it. */
export const idleStream: StreamView = {
  exists: true,
  wrongType: false,
  group: true,
  length: 0,
  lastGeneratedId: '0-0',
  lag: 0,
  pending: 0,
  oldestPendingTime: undefined,
  consumers: [],
};

/** A group of the worker `w`, and nothing in the way. */
export const ownedStream: BesideStream = {
  owner: 'default/w/uid-1',
  counts: [],
  scheduled: 0,
  nextRetryMs: undefined,
  deadLetters: undefined,
  misfits: [],
};

/** What may differ from a worker that was just created on an empty Redis. */
export interface Surroundings {
  readonly children?: Partial<Observed['children']>;
  readonly hashes?: Record<string, Record<string, string> | 'absent' | 'wrongType'>;
  readonly stream?: Partial<StreamView>;
  readonly beside?: Partial<BesideStream>;
  readonly spec?: Partial<ObservedSpec>;
  readonly defaults?: Partial<Defaults>;
  /** The operator's canary as `host:port`. */
  readonly canary?: string;
  readonly canaryProblem?: string;
  readonly now?: number;
  readonly needs?: Needs;
  readonly responses?: Partial<ResponseTally>;
  readonly abandonRedis?: boolean;
}

/** The observation of a worker on a Redis at 127.0.0.1:6379. */
export function observed(object: KubeObject, around: Surroundings = {}): Observed {
  const stored: KubeObject = {
    ...object,
    metadata: { uid: 'uid-1', resourceVersion: '1', generation: 1, ...object.metadata },
  };
  const parsed = parseRedisWorker(stored);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const { blueprint, problems } = blueprintOf(parsed.worker, {
    redisUrl: 'redis://127.0.0.1:6379',
    image: 'worker:test',
    policyEnforcement: 'Unverified',
    canary: around.canary === undefined ? undefined : parseCanary(around.canary),
    ...around.defaults,
  });
  const stream = { ...idleStream, ...around.stream };
  return {
    now: around.now ?? Date.parse('2030-01-01T00:00:00Z'),
    object: stored,
    unreadable: [],
    aesKey: '000102030405060708090a0b0c0d0e0f',
    referred: [],
    responses: { ...emptyTally, ...around.responses },
    needs: around.needs,
    canaryProblem: around.canaryProblem,
    abandonRedis: around.abandonRedis ?? false,
    children: {
      deployments: [],
      pods: [],
      networkPolicies: [],
      configMaps: [],
      services: [],
      runtimeSecret: undefined,
      ...around.children,
    },
    spec: {
      blueprint,
      problems,
      rival: undefined,
      foreignKeys: [],
      source: resolveSource(parsed.worker.spec.source, []),
      secret: { ok: true, value: undefined },
      endpoint: { ok: true, value: { url: 'redis://127.0.0.1:6379', target, servers: [redisServer] } },
      access: { ok: true, value: { target, login: { kind: 'author' } } },
      redis: {
        kind: 'answered',
        work: streamView(
          { unfinished: stream.pending, ...stream },
          { ...ownedStream, ...around.beside },
          blueprint.work as StreamBlueprint,
        ),
        isTold: true,
        ids: [...declaredIds(blueprint.consumers), ...stream.consumers.map(({ name }) => name)],
        hashes: new Map(Object.entries(around.hashes ?? {})),
        user: undefined,
      },
      outsideHosts: [],
      topology: topologyOf('default', { services: noCopy }, new Map()),
      ...around.spec,
    },
  };
}

const target = targetAt({});
const redisServer = { host: '127.0.0.1', port: 6379, addresses: [] };

/** A live copy with nothing in it. */
export const noCopy = {
  synced: Promise.resolve(),
  get: () => undefined,
  list: () => [],
  ownedBy: () => [],
  onChange: () => () => undefined,
  stop: () => undefined,
};
