/** Names, labels and annotations of everything the operator keeps for a worker. */
import { createHash } from 'node:crypto';

/** Labels that select our objects; their keys are reserved for the operator. */
export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  worker: 'redisworker.dev/name',
  consumer: 'redisworker.dev/consumer',
  netHash: 'redisworker.dev/net-hash',
} as const;

/** Value of the managed-by label: what the operator's watches ask for. */
export const managedBy = 'redisworker';

/** Annotations that carry what does not fit a label. */
export const annotations = {
  worker: 'redisworker.dev/worker',
  consumer: 'redisworker.dev/consumer-id',
  /** Digest of the object as it was last applied: finds fields we stopped setting. */
  applied: 'redisworker.dev/applied',
  source: 'redisworker.dev/source-digest',
  config: 'redisworker.dev/config-digest',
  /** Digest of the whole template a pod is made from: tells whether a pod runs what is asked for now. */
  template: 'redisworker.dev/template-digest',
  /** Of a Deployment: digest of what an author or an upgrade changes, the same for all consumers of one rollout. */
  revision: 'redisworker.dev/revision',
  /** Of a Deployment whose consumer did not work when it was given what it runs: a rollout has taken nothing from it. */
  wasBroken: 'redisworker.dev/was-broken',
  /** Of a Deployment whose consumer a rollout has taken: when it was given what it runs. */
  taken: 'redisworker.dev/taken',
  /** Of a runtime Secret with a password of the worker's own: when it was made, and what was asked for by then. */
  redisPasswordMade: 'redisworker.dev/redis-password-made',
  redisPasswordAsked: 'redisworker.dev/redis-password-asked',
  /** Of a RedisWorker: any new value asks for another password. */
  rotateRedisPassword: 'redisworker.dev/rotate-redis-password',
  /** Of a RedisWorker: what is wrong with the module its source was to be made of; what was made before goes on. */
  sourceProblem: 'redisworker.dev/source-problem',
  /** Of a RedisWorker: any new value asks to have its code resolved anew. */
  resolveRequestedAt: 'redisworker.dev/resolve-requested-at',
  /** Of a RedisWorker on a laptop whose code is a release on disk: which one, as JSON. */
  release: 'redisworker.dev/release',
  /** Of a source ConfigMap: what its code was resolved for, as JSON. */
  origins: 'redisworker.dev/source-origins',
  /** Of a NetworkPolicy: the addresses its names outside the cluster were opened by. */
  resolved: 'redisworker.dev/resolved-names',
  /** Of a NetworkPolicy: the members of the worker's Redis that were discovered. */
  members: 'redisworker.dev/redis-members',
} as const;

/** Name of the container the worker runs in; others of its pod are not ours. */
export const workerContainer = 'worker';

/** Name of the volume a pod has its source in. */
export const sourceVolume = 'source';
/** Name of a volume nobody mounts: where the source is an image, it has the ConfigMap that names it. */
export const sourceNoteVolume = 'source-note';

/** Keeps a deleted worker until Redis is clean. */
export const finalizer = 'redisworker.dev/cleanup';

/** First hex digits of a SHA-256. */
export function digest(text: string, digits = 64): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** A label value for any name: itself when it fits 63 characters, else a stem with a digest. */
export function labelValue(name: string): string {
  return /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name) ? name : `${stem(name, 50)}-${digest(name, 8)}`;
}

/**
 * The Deployment of a consumer. `<worker>-<id>` for the numbers `kubectl scale` makes; any other id
 * gets a digest, so that no two pairs of worker and id share a name (`a` + `b-1`, `a-b` + `1`).
 */
export function deploymentName(worker: string, consumerId: string): string {
  if (/^[1-9]\d{0,3}$/.test(consumerId) && fits(worker, 48)) return `${worker}-${consumerId}`;
  return `${stem(worker, 30)}-${stem(consumerId.toLowerCase(), 12)}-${digest(`${worker}\n${consumerId}`, 8)}`;
}

/** How much of the digest of a source is in the name of its ConfigMap. */
export const sourceDigits = 10;

/** The ConfigMap that keeps one version of the source; its name says which. */
export function sourceConfigMapName(worker: string, sourceDigest: string): string {
  return `${stem(worker, 200)}-${sourceDigest.replace('sha256-', '').slice(0, sourceDigits)}`;
}

/** Digits of what such a source is told from another by. */
export const partDigits = 6;

/** The same of one that lies in several: they are told from others of the same code that was compressed otherwise. */
export function sourcePartName(source: string, partsDigest: string, place: number): string {
  return `${source}-${partsDigest.slice(0, partDigits)}-${place}`;
}

/** What the parts of one source have in common in their names: the name of a source that is whole. */
export function sourceOfPart(name: string): string {
  return name.replace(/-[0-9a-f]{6}-\d{1,2}$/, '');
}

/** The Secret with the worker's AES key and its Redis credentials. */
export function runtimeSecretName(worker: string): string {
  return `${stem(worker, 200)}-worker`;
}

function fits(name: string, length: number): boolean {
  return name.length <= length && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

function stem(name: string, length: number): string {
  return name.replace(/[^a-z0-9]+/g, '-').slice(0, length).replace(/^-+|-+$/g, '') || 'x';
}
