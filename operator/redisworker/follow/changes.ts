/** Turns what happens into keys to look at. Sources never decide anything: they only enqueue. */
import type { HostPort } from '../../../contract/host-port.ts';
import { type Followed, keyOf, type KubeObject } from '../../cluster/cluster.ts';
import { isIn } from '../network/allow-net/address.ts';
import { clusterName } from '../network/allow-net/cluster-name.ts';
import { isManaged, workerNamed } from '../model/belonging.ts';
import { isComingUp } from '../model/children.ts';
import { claimsMeet } from '../plan/key-claims.ts';
import { clashOf } from '../plan/rival.ts';
import { clusterDomain, clusterIPs } from '../model/services.ts';
import type { LiveCopies } from './copies.ts';
import type { WorkerIndex } from './worker-index.ts';
import { type NamedRedis, ownRedisUrl } from '../model/redis-url.ts';

/**
 * Told the key of a worker that should be looked at: `AsksAnew` when its user wants something else than before, `Woken`
 * when a request came to one that had nothing to do, `ComesUp` when more of the same is about to happen.
 */
export type Enqueue = (workerKey: string, why?: 'AsksAnew' | 'Woken' | 'ComesUp') => void;

/**
 * Subscribes to all live copies.
 * @param workers told of a change before this is
 * @param defaultRedisUrl Redis of workers that name none
 * @param membersOf servers of a worker's Redis that were discovered
 */
export function enqueueChanges(
  copies: LiveCopies,
  workers: Pick<WorkerIndex, 'near'>,
  defaultRedisUrl: string | undefined,
  enqueue: Enqueue,
  membersOf: (workerKey: string) => readonly HostPort[] = () => [],
): void {
  const asked = new Map<string, string>();
  copies.workers.onChange((type, object, isOurs) => {
    const key = keyOf(refOfObject(object));
    const before = asked.get(key);
    if (type === 'deleted') asked.delete(key);
    else asked.set(key, whatIsAsked(object));
    if (asked.get(key) !== before) enqueue(key, 'AsksAnew');
    else if (isOurs !== true) enqueue(key);
    if (type !== 'modified') {
      for (const rival of rivalsOf(object, workers.near(object), defaultRedisUrl)) enqueue(rival);
    }
  });
  for (const children of [copies.deployments, copies.networkPolicies, copies.configMaps]) {
    enqueueOwners(children, enqueue);
  }
  enqueueOwners(copies.pods, (key) => enqueue(key, copies.pods.grouped(key).some(isComingUp) ? 'ComesUp' : undefined));
  enqueueOwners(copies.services, enqueue, isManaged);
  copies.services.onChange((_, service) => {
    const affected = withAliases(service, copies.services.list());
    for (const worker of copies.workers.list()) {
      const key = keyOf(refOfObject(worker));
      const members = membersOf(key).map(({ host }) => host);
      if (affected.some((one) => mentions(worker, one, defaultRedisUrl, members))) enqueue(key);
    }
  });
}

/**
 * Subscribes to a copy of children: whatever happens to one, its worker is looked at. A child we have made is as we made
 * it; one we have changed may have been changed by somebody else as well.
 * @param isChild which objects of the copy may be children; all when absent
 */
export function enqueueOwners(
  children: Followed,
  enqueue: (workerKey: string) => void,
  isChild: (object: KubeObject) => boolean = () => true,
): void {
  children.onChange((type, child, isOurs) => {
    if ((isOurs === true && type === 'added') || !isChild(child)) return;
    const key = ownerOf(child) ?? workerNamed(child);
    if (key !== undefined) enqueue(key);
  });
}

/** Changes with every wish of a user, and with nothing that this operator writes. */
function whatIsAsked(
  { metadata: { uid, generation, deletionTimestamp, labels, annotations: notes } }: KubeObject,
): string {
  return JSON.stringify([uid, generation, deletionTimestamp, labels, notes]);
}

function refOfObject({ metadata }: KubeObject) {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}

/** Workers that want the same type or group on the same Redis: one that comes or goes decides who of them may run. */
function rivalsOf(worker: KubeObject, near: readonly KubeObject[], defaultRedisUrl: string | undefined): string[] {
  return near.filter((other) => clashOf(worker, other, defaultRedisUrl) ?? claimsMeet(worker, other)).map((other) =>
    keyOf(refOfObject(other))
  );
}

function ownerOf({ metadata }: KubeObject): string | undefined {
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => controller && kind === 'RedisWorker');
  return owner && keyOf({ namespace: metadata.namespace ?? 'default', name: owner.name });
}

/** A Service and the ExternalName Services that stand for it, by way of others perhaps; each of them once. */
function withAliases(service: KubeObject, all: readonly KubeObject[]): KubeObject[] {
  const aliases = Map.groupBy(
    all.flatMap((alias) => targetsOf(alias).map((target) => ({ alias, target }))),
    ({ target }) => target,
  );
  const found = new Map([[keyOf(refOfObject(service)), service]]);
  for (const [key] of found) {
    for (const { alias } of aliases.get(key) ?? []) {
      const name = keyOf(refOfObject(alias));
      if (!found.has(name)) found.set(name, alias); // a Map is walked to its growing end
    }
  }
  return [...found.values()];
}

/** Keys of the Services an ExternalName may lead to: an alias is a whole name, which no search domain completes. */
function targetsOf(alias: KubeObject): string[] {
  const { externalName = '' } = (alias.spec ?? {}) as { externalName?: string };
  const host = externalName.toLowerCase().replace(/\.$/, '');
  if (!host.endsWith(`.${clusterDomain}`)) return [];
  return clusterName(host, { ...refOfObject(alias), clusterDomain }).candidates.map(keyOf);
}

/** Whether a worker's scope or Redis may mean a Service; a wrong guess costs one look. */
function mentions(
  { spec }: KubeObject,
  service: KubeObject,
  defaultRedisUrl: string | undefined,
  members: readonly string[],
): boolean {
  const { permissions, redis } = (spec ?? {}) as { permissions?: { net?: string[] }; redis?: NamedRedis };
  const redisUrl = ownRedisUrl(redis) ?? defaultRedisUrl ?? '';
  const hosts = [...(permissions?.net ?? []), redisUrl, ...members].join(' ').toLowerCase();
  const blocks = (permissions?.net ?? []).filter((entry) => entry.includes('/')).map((entry) =>
    entry.replace(/:\d+$/, '')
  );
  return hosts.includes(service.metadata.name) ||
    clusterIPs(service).some((address) => hosts.includes(address) || blocks.some((block) => isIn(block, address)));
}
