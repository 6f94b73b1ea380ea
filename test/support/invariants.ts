/** What holds of the workers of a namespace whatever was done to them, once they are at rest. */
import type { Redis } from 'ioredis';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import type { LocalCluster } from '../../operator/cluster/local/index.ts';
import { annotations, labels } from '../../operator/redisworker/model/names.ts';
import { eventually } from './wait.ts';

/** An object of a namespace, as far as the invariants go. */
export interface Found {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec?: { readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> } };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly phase?: string;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** Where to look. */
export interface Place {
  readonly namespace: string;
  /** Every server that workers of the namespace use. */
  readonly redis: readonly Redis[];
  /** Everything the operator has printed. */
  readonly output: () => string;
  /** Gives the objects of the namespace, of every kind that matters: {@link lookWith}, {@link lookInto}. */
  readonly look: () => Promise<readonly Found[]>;
}

const kinds = 'redisworkers,deployments,networkpolicies,configmaps,secrets,pods,events';
/** Shorter texts are found anywhere. */
const shortestSecret = 16;

/** Waits until they hold, and tells what does not. @param patienceMs for what is still being collected */
export async function checkInvariants(place: Place, patienceMs = 60_000): Promise<void> {
  let broken: readonly string[] = [];
  await eventually('every invariant holds', async () => {
    broken = await brokenInvariants(place);
    return broken.length === 0;
  }, patienceMs).catch((error: unknown) => {
    const found = broken.length > 0 ? broken : [String(error)];
    throw new Error([...found, ...lastToldAbout(found, place.output())].join('\n'));
  });
}

const longestTold = 60;

/** The last lines of the log that name what is broken. */
function lastToldAbout(found: readonly string[], output: string): readonly string[] {
  const names = found.flatMap((text) => text.match(/\b[a-z][a-z0-9-]+(?=:|\b)/g) ?? []).filter((word) =>
    word.length > 3
  );
  return output.split('\n').filter((line) => names.some((name) => line.includes(`/${name}"`))).slice(-longestTold);
}

/** Looks with a kubectl of any control plane. */
export function lookWith(kubectl: (args: readonly string[]) => Promise<string>, namespace: string) {
  return async (): Promise<readonly Found[]> =>
    (JSON.parse(await kubectl(['-n', namespace, 'get', kinds, '-o', 'json'])) as { items: Found[] }).items;
}

/** Looks into a cluster of local mode. */
export function lookInto(cluster: LocalCluster, namespace: string) {
  const { redisWorkers, deployments, networkPolicies, configMaps, secrets, pods } = resources;
  const kept = [redisWorkers, deployments, networkPolicies, configMaps, secrets, pods];
  return async (): Promise<readonly Found[]> => {
    const objects = (await Promise.all(kept.map((resource) => cluster.list(resource)))).flat();
    const events = cluster.events().filter(({ ref }) => ref.namespace === namespace).map(({ message }, at) => ({
      kind: 'Event',
      metadata: { name: `event-${at}`, uid: `event-${at}`, resourceVersion: '' },
      message,
    }));
    return [...objects.filter(({ metadata }) => metadata.namespace === namespace).map(found), ...events];
  };
}

function found(object: KubeObject): Found {
  return object as KubeObject & Found; // a cluster gives every object it keeps a uid and a version
}

async function brokenInvariants(place: Place): Promise<readonly string[]> {
  const { namespace, redis, output, look } = place;
  const [first, hashes] = [await look(), await hashesOf(redis, namespace)];
  const of = (kind: string): readonly Found[] => first.filter((one) => one.kind === kind);
  const workers = of('RedisWorker').filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const children = first.filter(({ kind, metadata }) =>
    kind !== 'RedisWorker' && kind !== 'Pod' && metadata.labels?.[labels.worker] !== undefined
  );
  const pods = of('Pod').filter(isLivePod);
  return [
    ...onePodPerConsumer(first),
    ...onePolicyPerPod(pods, of('NetworkPolicy')),
    ...hashesMatch(workers, of('Deployment'), hashes),
    ...noOrphans(workers, children),
    ...workers.filter(isUnseen).map(({ metadata }) => `${metadata.name} is Ready for an earlier generation`),
    ...atRest(first, await look()),
    ...noSecretTold(of('Secret'), [
      output(),
      JSON.stringify(first.filter(({ kind }) => kind !== 'Secret')),
    ]),
  ];
}

/** Config hashes of workers of the namespace: key, and the uid of whose they are. */
async function hashesOf(servers: readonly Redis[], namespace: string): Promise<ReadonlyMap<string, string>> {
  const owners = await Promise.all(servers.map(async (redis) => {
    const keys = (await redis.keys('*:h')).filter((key) => !key.startsWith('req:'));
    return await Promise.all(keys.map(async (key) => [key, await redis.hget(key, 'resource')] as const));
  }));
  return new Map(
    owners.flat().flatMap(([key, owner]) => {
      const [where, , uid] = owner?.split('/') ?? [];
      return where === namespace && uid !== undefined ? [[key, uid]] : [];
    }),
  );
}

function isLivePod({ metadata, status }: Found): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata.labels?.[labels.worker] !== undefined && metadata.deletionTimestamp === undefined && !ended;
}

/** The one that holds at every moment: no id has two pods that live. */
export function onePodPerConsumer(objects: readonly Found[]): readonly string[] {
  const alike = Map.groupBy(
    objects.filter((one) => one.kind === 'Pod' && isLivePod(one)),
    ({ metadata }) => `${metadata.labels?.[labels.worker] ?? ''} ${metadata.labels?.[labels.consumer] ?? ''}`,
  );
  return [...alike].filter(([, some]) => some.length > 1).map(([id, some]) =>
    `${some.length} pods are of consumer ${id}`
  );
}

function onePolicyPerPod(pods: readonly Found[], policies: readonly Found[]): readonly string[] {
  return pods.flatMap(({ metadata }) => {
    const own = metadata.labels ?? {};
    const selecting = policies.filter(({ metadata: { labels: ours }, spec }) =>
      ours?.[labels.worker] !== undefined &&
      Object.entries(spec?.podSelector?.matchLabels ?? {}).every(([key, value]) => own[key] === value)
    );
    const hash = selecting[0]?.spec?.podSelector?.matchLabels?.[labels.netHash];
    if (selecting.length === 1 && hash === own[labels.netHash]) return [];
    return [`the pod ${metadata.name} is selected by ${selecting.length} policies, of hash ${hash ?? 'none'}`];
  });
}

function hashesMatch(
  workers: readonly Found[],
  deployments: readonly Found[],
  hashes: ReadonlyMap<string, string>,
): readonly string[] {
  const living = new Set(workers.map(({ metadata }) => metadata.uid));
  const wanted = deployments.filter(({ metadata }) => metadata.annotations?.[annotations.consumer] !== undefined);
  const count = (uid: string): [deployments: number, hashes: number] => [
    wanted.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)).length,
    [...hashes.values()].filter((owner) => owner === uid).length,
  ];
  return [
    ...[...hashes].filter(([, uid]) => !living.has(uid)).map(([key]) => `the hash ${key} is of no worker`),
    ...workers.flatMap(({ metadata }) => {
      const [objects, kept] = count(metadata.uid);
      return objects === kept ? [] : [`${metadata.name} has ${objects} Deployments and ${kept} hashes`];
    }),
  ];
}

function noOrphans(workers: readonly Found[], children: readonly Found[]): readonly string[] {
  const living = new Set(workers.map(({ metadata }) => metadata.uid));
  return children.filter(({ metadata }) => !metadata.ownerReferences?.some(({ uid }) => living.has(uid)))
    .map(({ kind, metadata }) => `${kind} ${metadata.name} belongs to no worker`);
}

function isUnseen({ metadata, status }: Found): boolean {
  const ready = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
  return ready && status?.observedGeneration !== metadata.generation;
}

/** A second look finds every object as it was. */
function atRest(first: readonly Found[], second: readonly Found[]): readonly string[] {
  const again = new Map(second.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
  return first.filter(({ kind, metadata }) => kind !== 'Event' && again.get(metadata.uid) !== metadata.resourceVersion)
    .map(({ kind, metadata }) => `${kind} ${metadata.name} was written meanwhile`);
}

function noSecretTold(secrets: readonly Found[], texts: readonly string[]): readonly string[] {
  return secrets.flatMap(({ metadata, data = {} }) =>
    Object.entries(data).flatMap(([key, value]) => {
      const secret = Buffer.from(value, 'base64').toString();
      const told = secret.length >= shortestSecret &&
        texts.some((text) => text.includes(secret) || text.includes(value));
      return told ? [`the value of ${key} in the Secret ${metadata.name} is told`] : [];
    })
  );
}
