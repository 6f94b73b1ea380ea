/** Where a command in the operator's pod finds the worker of a namespace: its keys, its Redis, and the login there. */
import { z } from 'zod';
import type { RedisTls } from '../contract/redis-tls.ts';
import { tlsVersions } from '../contract/redis-tls.ts';
import { withoutLineEnds } from '../contract/secrets.ts';
import { type Cluster, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { connect } from './cluster-access.ts';
import { Failure, messageOf } from './failure.ts';
import type { SentinelLogin } from './io.ts';
import { sameRedis, type Target } from './redis-target.ts';
import { isCurrent, isNamed, ownRedisUrl, streamsOf } from './worker-type.ts';
import { statusOf } from './worker-status.ts';

const keyRef = z.object({ name: z.string(), key: z.string() });
const redisSchema = z.object({
  passwordSecretRef: keyRef.optional(),
  sentinel: z.object({ username: z.string().optional(), passwordSecretRef: keyRef.optional() }).optional(),
  tls: z.object({
    caSecretRef: keyRef.optional(),
    certSecretRef: z.object({ name: z.string() }).optional(),
    serverName: z.string().optional(),
    minVersion: z.enum(tlsVersions).optional(),
  }).optional(),
}).catch({});

/** The worker that is meant, as it is in the cluster of this pod. */
export interface Named {
  readonly namespace: string;
  readonly type: string;
  /** The command names every key it needs, so there need not be such a worker. */
  readonly keysNamed: boolean;
}

/** Its Redis and its keys, asked for with the ServiceAccount of this pod. @param shared the operator's Redis */
export async function findInCluster({ namespace, type, keysNamed }: Named, shared: Target): Promise<Target> {
  const cluster = await connect({});
  try {
    const workers = await listWorkers(cluster, namespace);
    const worker = workers.find((one) => isNamed(one, type));
    if (worker !== undefined) {
      const target = await targetOf(cluster, worker, shared);
      return { ...target, neighbours: sameRedis(workers, ownRedisUrl(worker)) };
    }
    if (keysNamed) return { ...shared, neighbours: sameRedis(workers, undefined) };
    const known = workers.map(({ metadata }) => metadata.name).join(', ') || 'none';
    throw new Failure(`there is no worker "${type}" in the namespace ${namespace}; it has: ${known}`);
  } finally {
    await cluster.close();
  }
}

function listWorkers(cluster: Cluster, namespace: string): Promise<readonly KubeObject[]> {
  return cluster.list(resources.redisWorkers, { namespace }).catch((error: unknown) => {
    throw new Failure(`the workers of the namespace ${namespace} cannot be listed: ${messageOf(error)}`);
  });
}

/**
 * Its Redis and its keys. A Redis of its own is dialled, and Secrets are read, only where the operator has done so
 * before: it judges which Secrets and hosts an author may name, and this process has the same rights.
 * @throws Failure when it has not
 */
async function targetOf(
  cluster: Cluster,
  worker: KubeObject,
  shared: Target,
): Promise<Target> {
  const url = ownRedisUrl(worker);
  if (url === undefined) return { ...shared, ...streamsOf(worker, shared.redisUrl) };
  const { name, namespace = 'default' } = worker.metadata;
  const reached = statusOf(worker).conditions?.some(({ type, status }) =>
    type === 'RedisReachable' && status === 'True'
  );
  if (reached !== true || !isCurrent(worker)) {
    throw new Failure(
      `the operator has not reached the Redis of the worker ${name} as its manifest names it now: see "status ${name}"`,
    );
  }
  const read = (ref: { name: string; key: string } | undefined) => secretText(cluster, namespace, ref);
  const { passwordSecretRef, sentinel, tls = {} } = redisSchema.parse((worker.spec as { redis?: unknown }).redis);
  const certificate = tls.certSecretRef;
  const [password, sentinelPassword, ca, cert, key] = await Promise.all([
    read(passwordSecretRef),
    read(sentinel?.passwordSecretRef),
    read(tls.caSecretRef),
    read(certificate && { name: certificate.name, key: 'tls.crt' }),
    read(certificate && { name: certificate.name, key: 'tls.key' }),
  ]);
  return {
    ...shared,
    redisUrl: url,
    password,
    sentinel: sentinelLogin(sentinel?.username, sentinelPassword),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { client: { cert, key } }),
      ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
      ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
    } satisfies RedisTls,
    ...streamsOf(worker, url),
  };
}

function sentinelLogin(username: string | undefined, password: string | undefined): SentinelLogin | undefined {
  if (username === undefined && password === undefined) return undefined;
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

async function secretText(
  cluster: Cluster,
  namespace: string,
  ref: { readonly name: string; readonly key: string } | undefined,
): Promise<string | undefined> {
  if (ref === undefined) return undefined;
  const secret = await cluster.get(resources.secrets, { namespace, name: ref.name });
  const data = z.record(z.string(), z.string()).safeParse(secret?.data).data?.[ref.key];
  if (data === undefined) throw new Failure(`the Secret ${ref.name} of namespace ${namespace} has no key "${ref.key}"`);
  return withoutLineEnds(Buffer.from(data, 'base64').toString());
}
