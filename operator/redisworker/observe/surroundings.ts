/** Looks at what a worker's scope names: Services, what is behind them, and names outside the cluster. */
import { isIP } from 'node:net';
import { ClusterError, keyOf, type KubeObject, resources } from '../../cluster/cluster.ts';
import { parseRedisUrl } from '../../redis/target.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import type { NetEntry } from '../network/allow-net/entry.ts';
import { meaningsOf, outsideHosts, servicesOf } from '../network/allow-net/meaning.ts';
import type { EndpointAddresses, ServiceRef, Topology } from '../network/allow-net/topology.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { annotations } from '../model/names.ts';
import { decodePublished, encodePublished, type Published, unpublished } from '../network/outside-names/published.ts';
import type { Referred } from '../model/observed.ts';
import { missing, type Resolved } from '../model/problem.ts';
import { sliceAddresses, topologyOf } from '../model/services.ts';
import type { World } from '../world.ts';

/** The network around a worker. */
export interface NetSurroundings {
  readonly topology: Topology;
  /** Addresses of the worker's Redis, when its host is a name outside the cluster. */
  readonly redisAddresses: readonly string[];
  /** The addresses of names outside as the policy is to remember them. */
  readonly resolved: string | undefined;
  /** Names outside the cluster that were asked for. */
  readonly outsideHosts: readonly string[];
}

interface Looking {
  readonly key: string;
  readonly blueprint: Blueprint;
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
  const redis = redisHost(blueprint.redisUrl, topology);
  const hosts = [...new Set([...scopeHosts(world, blueprint, topology), ...(redis === undefined ? [] : [redis])])];
  const view = await outsideNames.look(key, hosts, () => remembered(policies, world.clock.now()));
  return {
    topology: {
      ...topology,
      outsideAddresses: (host) => view.addresses(host),
      outsideNotes: (host) => view.notes(host),
    },
    redisAddresses: redis === undefined ? [] : view.addresses(redis),
    resolved: encodePublished(view.published),
    outsideHosts: hosts,
  };
}

/** Names the policy opens by address: none under Cilium, which learns them itself, nor where nothing enforces a policy. */
function scopeHosts(
  { defaults: { policyEnforcement } }: World,
  { outsideNames, flavor, allowAllNet, scope }: Blueprint,
  topology: Topology,
): string[] {
  return outsideNames !== 'Resolve' || flavor === 'Cilium' || allowAllNet || policyEnforcement === 'None'
    ? []
    : outsideHosts(scope, topology);
}

/** The Redis host as DNS is to be asked for it; undefined when it is an address, in the pod, or a Service. */
function redisHost(url: string | undefined, topology: Topology): string | undefined {
  if (url === undefined) return undefined;
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) return undefined;
  const { hosts: [{ host }] } = parsed.target;
  if (isIP(host) !== 0) return undefined;
  const meanings = meaningsOf(host, topology);
  const outside = meanings.find((meaning) => meaning.kind === 'outside');
  if (outside !== undefined) return outside.host;
  // A name without dots may be one that DNS, or this machine, knows although it is no Service.
  return meanings.some(({ kind }) => kind === 'missing') && !host.includes('.') ? host : undefined;
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
  { blueprint, referred }: Looking,
  topology: Topology,
): Promise<Map<string, Resolved<readonly EndpointAddresses[]>>> {
  const services = servicesOf([...blueprint.scope, ...redisIn(blueprint.redisUrl)], topology).filter((ref) => {
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

/** The Redis as an entry of a scope; none when its URL is not one, which is told elsewhere. */
function redisIn(redisUrl: string | undefined): NetEntry[] {
  if (redisUrl === undefined) return [];
  const url = parseRedisUrl(redisUrl);
  const parsed = url.ok ? redisEntry(url.target.hosts[0]) : undefined;
  return parsed?.ok ? [parsed.entry] : [];
}
