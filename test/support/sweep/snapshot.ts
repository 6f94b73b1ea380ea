/** What is left when nothing moves any more, without what differs from run to run. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { redisPasswordFileName } from '../../../contract/pod.ts';
import { decodeKeyLine, decryptSecret, secretAlgorithm } from '../../../contract/secrets.ts';
import { type Cluster, type KubeObject, resources } from '../../../operator/cluster/cluster.ts';
import { annotations } from '../../../operator/redisworker/model/names.ts';

/** Objects by kind and name, Redis by key, and by name what a user of Redis may do there and with which passwords. */
export interface Snapshot {
  readonly objects: Readonly<Record<string, unknown>>;
  readonly redis: Readonly<Record<string, unknown>>;
  readonly users: Readonly<Record<string, readonly string[]>>;
}

const children = [resources.deployments, resources.networkPolicies, resources.configMaps, resources.secrets];

/** Takes the snapshot of a cluster with one worker, whose runtime Secret is `secretName`. */
export async function snapshot(cluster: Cluster, redis: Redis, secretName: string): Promise<Snapshot> {
  const lists = await Promise.all(children.map((resource) => cluster.list(resource)));
  const pods = await cluster.list(resources.pods);
  const workers = await cluster.list(resources.redisWorkers);
  const key = lists.flat().find(({ kind, metadata }) => kind === 'Secret' && metadata.name === secretName)?.data as
    | Readonly<Record<string, string>>
    | undefined;
  const entries = [
    ...lists.flat().map((object) => [`${object.kind} ${object.metadata.name}`, childOf(object)]),
    ...pods.map((
      pod,
    ) => [`Pod of ${pod.metadata.annotations?.[annotations.consumer] ?? ''}`, {
      labels: pod.metadata.labels,
      phase: (pod.status as { phase?: string }).phase,
    }]),
    ...workers.map((object) => [`RedisWorker ${object.metadata.name}`, workerOf(object)]),
  ] as [string, unknown][];
  return {
    objects: withoutTimes(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))) as Record<string, unknown>,
    redis: await redisOf(redis, pods, textOf(key?.['key'])),
    users: usersOf(await redis.call('ACL', 'LIST') as string[], textOf(key?.[redisPasswordFileName])),
  };
}

function textOf(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString();
}

/** Those of workers, with the password of the Secret by that name. */
function usersOf(lines: readonly string[], password = ''): Record<string, string[]> {
  const known = `#${createHash('sha256').update(password).digest('hex')}`;
  const users = lines.map((line) => line.split(' ').slice(1)).filter(([name = '']) => name.startsWith('rw-'));
  return Object.fromEntries(
    users.map(([name = '', ...rules]) => [name, rules.map((rule) => (rule === known ? 'the password' : rule))]),
  );
}

function childOf({ metadata, spec, kind, data }: KubeObject): object {
  return {
    labels: metadata.labels,
    owners: metadata.ownerReferences?.map(({ kind: owner, name }) => `${owner} ${name}`),
    spec,
    ...(kind === 'ConfigMap' ? { data } : {}),
  };
}

function workerOf({ metadata, status }: KubeObject): object {
  return { finalizers: metadata.finalizers, status };
}

/** Times, random names and digests over the key differ in every run. */
function withoutTimes(value: unknown): unknown {
  const varying = new Set([
    'lastTransitionTime',
    'oldestPendingTime',
    'pod',
    'pod-template-hash',
    annotations.config,
    annotations.template,
    annotations.applied,
    'perSecond',
  ]);
  return JSON.parse(JSON.stringify(value, (name, inner: unknown) => (varying.has(name) ? undefined : inner)));
}

async function redisOf(
  redis: Redis,
  pods: readonly KubeObject[],
  keyLine: string | undefined,
): Promise<Record<string, unknown>> {
  const keys = (await redis.keys('*')).sort();
  const values = await Promise.all(keys.map(async (key) => {
    const type = await redis.type(key);
    return [
      key,
      type === 'hash'
        ? await hashOf(await redis.hgetall(key), pods, keyLine)
        : type === 'stream'
        ? await streamOf(redis, key)
        : type,
    ] as const;
  }));
  return Object.fromEntries(values);
}

/** The secret as a worker would read it, and the owner by whether its pod is there. */
async function hashOf(
  { encryptedJson, encryptedIv = '', owner, ...fields }: Record<string, string>,
  pods: readonly KubeObject[],
  keyLine: string | undefined,
): Promise<object> {
  return {
    ...fields,
    ...(owner === undefined
      ? {}
      : { owner: pods.some(({ metadata }) => metadata.uid === owner) ? 'a live pod' : 'nobody' }),
    ...(encryptedJson === undefined || keyLine === undefined ? {} : {
      secret: await decryptSecret(
        fields['type'] ?? '',
        { alg: secretAlgorithm, iv: encryptedIv, json: encryptedJson },
        decodeKeyLine(keyLine),
      ),
    }),
  };
}

async function streamOf(redis: Redis, key: string): Promise<object> {
  const groups = (await redis.xinfo('GROUPS', key)) as unknown[][];
  return {
    entries: (await redis.xrange(key, '-', '+')).map(([, fields]) => fields),
    groups: await Promise.all(groups.map(async (group) => {
      const name = String(group[1]);
      const consumers = (await redis.xinfo('CONSUMERS', key, name)) as unknown[][];
      return { name, consumers: consumers.map((consumer) => ({ name: consumer[1], pending: consumer[3] })) };
    })),
  };
}
