/** Looks at what a worker's scope names: Services, what is behind them, and names outside the cluster. */
import { isIP } from 'node:net';
import type { HostPort } from '../../../contract/host-port.ts';
import { ClusterError, keyOf, type KubeObject, resources } from '../../cluster/cluster.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import type { NetEntry } from '../network/allow-net/entry.ts';
import { meaningsOf, outsideHosts, servicesOf } from '../network/allow-net/meaning.ts';
import type { EndpointAddresses, ServiceRef, Topology } from '../network/allow-net/topology.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { annotations } from '../model/names.ts';
import { decodePublished, encodePublished, type Published, unpublished } from '../network/outside-names/published.ts';
import { type RedisServer, resolved } from '../network/redis-servers.ts';
import type { Referred } from '../model/observed.ts';
import { missing, type Resolved } from '../model/problem.ts';
import { sliceAddresses, topologyOf } from '../model/services.ts';
import type { World } from '../world.ts';

/** The network around a worker. */
export interface NetSurroundings {
  readonly topology: Topology;
  /** The servers of the worker's Redis, with the addresses of those that are names outside the cluster. */
  readonly redis: readonly RedisServer[];
  /** The addresses of names outside as the policy is to remember them. */
  readonly resolved: string | undefined;
  /** Names outside the cluster that were asked for. */
  readonly outsideHosts: readonly string[];
}

interface Looking {
  readonly key: string;
  readonly blueprint: Blueprint;
  /** The servers of the worker's Redis. */
  readonly redis: readonly HostPort[];
  readonly referred: Referred[];
  readonly policies: readonly KubeObject[];
}

/** Reads EndpointSlices and asks for names. @throws ClusterError when the cluster does not answer */
export async function observeNet(world: World, looking: Looking): Promise<NetSurroundings> {
  const { blueprint, key, policies } = looking;
  const { namespace } = blueprint.parent;
  const { copies, outsideNames } = world.following;
  const services = topologyOf(namespace, copies, new Map());
  const topology = topologyOf(namespace, copies, await readSlices(world, looking, services));
  const asked = (host: string): string[] => redisHost(host, topology);
  const redisHosts = looking.redis.flatMap(({ host }) => asked(host));
  const hosts = [...new Set([...scopeHosts(world, blueprint, topology), ...redisHosts])];
  const view = await outsideNames.look(key, hosts, () => remembered(policies, world.clock.now()));
  return {
    topology: {
      ...topology,
      outsideAddresses: (host) => view.addresses(host),
      outsideNotes: (host) => view.notes(host),
    },
    redis: resolved(looking.redis, (host) => asked(host).flatMap((one) => view.addresses(one))),
    resolved: encodePublished(view.published),
    outsideHosts: hosts,
  };
}

/** Names the policy opens by address: none under Cilium, which learns them itself, nor where nothing enforces a policy. */
function scopeHosts(
  { defaults: { policyEnforcement } }: World,
  { outsideNames, flavor, allowAllNet, policyScope }: Blueprint,
  topology: Topology,
): string[] {
  return outsideNames !== 'Resolve' || flavor === 'Cilium' || allowAllNet || policyEnforcement === 'None'
    ? []
    : outsideHosts(policyScope, topology);
}

/** A host of the Redis as DNS is to be asked for it; nothing when it is an address, in the pod, or a Service. */
function redisHost(host: string, topology: Topology): string[] {
  if (isIP(host) !== 0) return [];
  const meanings = meaningsOf(host, topology);
  const outside = meanings.find((meaning) => meaning.kind === 'outside');
  if (outside !== undefined) return [outside.host];
  // A name without dots may be one that DNS, or this machine, knows although it is no Service.
  return meanings.some(({ kind }) => kind === 'missing') && !host.includes('.') ? [host] : [];
}

/** What the policies of the worker remember; of a name in several, what was written last. */
function remembered(policies: readonly KubeObject[], now: number): Published {
  const all = policies.map(({ metadata }) => decodePublished(metadata.annotations?.[annotations.resolved], now));
  const oldestFirst = all.sort((one, other) => one.movedAt - other.movedAt);
  return oldestFirst.reduce(
    (sum, { movedAt, names }) => ({ movedAt, names: new Map([...sum.names, ...names]) }),
    unpublished,
  );
}

/** The Services without a selector that the scope or the worker's Redis leads to, with their EndpointSlices. */
async function readSlices(
  world: World,
  { blueprint, redis, referred }: Looking,
  topology: Topology,
): Promise<Map<string, Resolved<readonly EndpointAddresses[]>>> {
  const services = servicesOf([...blueprint.policyScope, ...redis.flatMap(entryOf)], topology).filter((ref) => {
    const service = topology.service(ref.namespace, ref.name);
    return service !== undefined && service.selector === undefined;
  });
  return new Map(
    await Promise.all(services.map(async (ref) => [keyOf(ref), await slicesOf(world, referred, ref)] as const)),
  );
}

async function slicesOf(
  world: World,
  referred: Referred[],
  { namespace, name }: ServiceRef,
): Promise<Resolved<readonly EndpointAddresses[]>> {
  const selection = { namespace, labels: { 'kubernetes.io/service-name': name } };
  try {
    const slices = await world.following.references.list(resources.endpointSlices, selection);
    referred.push({ resource: resources.endpointSlices, ref: selection });
    return { ok: true, value: slices.map(sliceAddresses) };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 403) throw error;
    return { ok: false, problem: missing('Forbidden', error.message) };
  }
}

/** A server of the Redis as an entry of a scope; none when its host is not one, which is told elsewhere. */
function entryOf(server: HostPort): NetEntry[] {
  const parsed = redisEntry(server);
  return parsed.ok ? [parsed.entry] : [];
}
