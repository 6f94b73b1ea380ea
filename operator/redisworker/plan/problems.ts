/** What forbids a plan: the faults of a worker that is to run. Pure. */
import { configHashKey } from '../../../contract/keys.ts';
import type { Desired } from '../desired/index.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { ForeignKey, ObservedSpec } from '../model/observed.ts';
import { isLoopback, parseAddress } from '../network/allow-net/address.ts';
import { isLoopbackName } from '../network/allow-net/cluster-name.ts';
import { whichServer } from '../network/redis-servers.ts';
import { ownershipOf } from './adoption.ts';
import { hashConflict, missing, notAHash, type Problem, terminal } from '../model/problem.ts';

/**
 * All faults, the one that tells most first.
 * @param desired as far as it could be computed
 * @param kept ids of the consumers that have a config hash
 */
export function problemsOf(spec: ObservedSpec, desired: Desired | undefined, kept: readonly string[]): Problem[] {
  const loopback = redisOnLoopback(spec.blueprint, spec.endpoint);
  const parts = [spec.endpoint, spec.access, spec.source, spec.secret, ...(spec.texts ? [spec.texts] : [])];
  const unresolved = [...new Set(parts.flatMap((part) => (part.ok ? [] : [part.problem])))];
  return [
    ...spec.problems,
    ...spec.foreignKeys.map(keyOfAnother),
    ...rivalry(spec),
    ...loopback,
    ...refusedNames(desired),
    ...unreachableRedis(desired),
    ...foreignKeys(spec, kept),
    ...unresolved.filter(({ reason }) => !loopback.some((told) => told.reason === reason)),
  ];
}

function rivalry({ rival, blueprint }: ObservedSpec): Problem[] {
  if (rival?.over === 'type') {
    return [
      terminal(
        'TypeConflict',
        `worker type "${blueprint.type}" is taken by the RedisWorker ${rival.worker}, which was there first: choose another spec.type, or delete that worker`,
      ),
    ];
  }
  return rival === undefined ? [] : [
    terminal(
      'GroupConflict',
      `the RedisWorker ${rival.worker} takes the same requests by the same group: choose another spec.stream.request, spec.stream.group or spec.tasks.queue, or delete that worker`,
    ),
  ];
}

/** Nothing of the other worker is told but its name, which its keys begin with anyway. */
function keyOfAnother({ field, key, worker }: ForeignKey): Problem {
  return terminal(
    'KeyRefused',
    `${field} names "${key}", which is of the RedisWorker ${worker} in another namespace: name keys of your own, or give spec.redis.url`,
  );
}

/** In a pod with a network of its own, loopback is the pod: its code would wait for ever. */
export function redisOnLoopback({ podNetwork, redis }: Blueprint, endpoint: ObservedSpec['endpoint']): Problem[] {
  if (podNetwork === 'Shared' || !endpoint.ok) return [];
  const { servers, target } = endpoint.value;
  const fix = 'give the name of a Service, or of a host that pods reach';
  return servers.filter(({ host }) => staysInPod(host)).slice(0, 1).map((server) => {
    const why = `${
      whichServer(server, target, redis ? 'author' : 'operator')
    } leads to ${server.host}, which in a pod is the pod itself`;
    return redis
      ? terminal('RedisOnLoopback', `${why}: ${fix}`)
      : missing('RedisOnLoopback', `${why}: ${fix}, there or in spec.redis.url`);
  });
}

function staysInPod(host: string): boolean {
  const address = parseAddress(host);
  return address === undefined ? isLoopbackName(host.toLowerCase().replace(/\.$/, '')) : isLoopback(address);
}

function refusedNames(desired: Desired | undefined): Problem[] {
  return (desired?.policy.refusals ?? []).map(({ entry, reason }) =>
    terminal('NameRefused', `spec.permissions.net: "${entry}": ${reason}`)
  );
}

/** Pods that could never reach their Redis are not started. */
function unreachableRedis(desired: Desired | undefined): Problem[] {
  return (desired?.policy.problems ?? []).map((text) => missing('RedisNotOpened', text));
}

/** Keys of a wrong type, and hashes of other manifests. */
function foreignKeys({ redis, access, blueprint }: ObservedSpec, kept: readonly string[]): Problem[] {
  if (redis.kind !== 'answered') return [];
  const isForeign = access.ok && access.value.target.foreign !== undefined;
  return [
    ...redis.work.problems,
    ...kept.flatMap((id) => {
      const key = configHashKey(blueprint.keyPrefix, id);
      const hash = redis.hashes.get(key) ?? 'absent';
      if (hash === 'wrongType') return [terminal('WrongRedisType', notAHash(key))];
      const ownership = ownershipOf(blueprint.parent, redis.work, id, hash);
      return ownership.kind === 'foreign'
        ? [
          terminal(
            'HashConflict',
            isForeign ? hashConflict(key, undefined) : hashConflict(key, ownership.resource, ownership.pid),
          ),
        ]
        : [];
    }),
  ];
}
