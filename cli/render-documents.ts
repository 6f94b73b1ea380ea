/** What `redisworker render` knows of a cluster: the documents of its files, completed by what only guesses can fill. */
import { manifestProblems, parseRedisWorker, type RedisWorkerSpec } from '../operator/api/redisworker.ts';
import { systemClock } from '../operator/clock.ts';
import { keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { FileSync } from '../operator/cluster/local/files/file-sync.ts';
import { type Look, look, placeOf } from '../operator/cluster/local/files/look.ts';
import { laptopRules, type ManifestRules } from '../operator/cluster/local/files/manifest.ts';
import { admit } from '../operator/cluster/local/store/admission.ts';
import type { ConsentLabel } from '../operator/redisworker/model/blueprint.ts';
import { wrongPath } from './failure.ts';
import type { Io } from './io.ts';

/** The documents, and what is wrong with others, in the sentences of `redisworker up`. */
export interface Documents {
  readonly objects: readonly KubeObject[];
  readonly problems: readonly string[];
  /** By file. */
  readonly texts: ReadonlyMap<string, string>;
}

/** The word for standard input in the place of a file. */
const standardInput = '-';

/** Kinds that tell what a cluster knows. */
const kinds = new Map([
  ...laptopRules.kinds,
  ...[resources.endpointSlices, resources.networkPolicies, resources.ciliumNetworkPolicies].map((
    { kind, apiVersion },
  ) => [kind, apiVersion] as const),
]);

/**
 * Reads files, folders and standard input.
 * @param namespace of documents that name none
 * @throws Failure when a path does not exist
 */
export async function readDocuments(paths: readonly string[], namespace: string, io: Io): Promise<Documents> {
  const places = await Promise.all(paths.filter((path) => path !== standardInput).map(placeOf)).catch(wrongPath);
  const seen = await look(places);
  const texts = paths.includes(standardInput)
    ? new Map([...seen.texts, [standardInput, await io.input()]])
    : seen.texts;
  return await documentsOf({ ...seen, texts }, { kinds, namespace, keeps: ['uid', 'creationTimestamp'] });
}

/** What files would make of an empty cluster. */
async function documentsOf(seen: Look, rules: ManifestRules): Promise<Documents> {
  const objects: KubeObject[] = [];
  const sync = new FileSync({
    store: {
      apply(object) {
        objects.push(admit(object));
        return Promise.resolve(object);
      },
      get: () => Promise.resolve(undefined),
      delete: () => Promise.resolve(),
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    clock: systemClock,
    validate: manifestProblems,
    onNote: () => undefined,
    absentMs: 0,
    rules,
  });
  await sync.run(seen);
  return { objects, problems: sync.problems, texts: seen.texts };
}

/** What nobody knows before the operator makes it; two different guesses show what follows from it. */
export interface Guess {
  uid(worker: string, at: number): string;
  readonly aesKey: string;
  readonly password: string;
  readonly now: number;
  /** Value of a Secret that is not among the documents. */
  readonly value: string;
}

/** The workers, each with a UID: its own, that of its children among the documents, or a guess. */
export function identified(objects: readonly KubeObject[], guess: Guess): readonly KubeObject[] {
  let at = 0;
  return objects.map((object) => {
    if (object.kind !== resources.redisWorkers.kind) return object;
    const { metadata } = object;
    const uid = knownUid(object, objects) ?? guess.uid(keyOf(metadata), at++);
    return { ...object, metadata: { generation: 1, ...metadata, uid } };
  });
}

/** The UID of a worker as the documents tell it. */
export function knownUid({ kind, metadata }: KubeObject, objects: readonly KubeObject[]): string | undefined {
  if (metadata.uid !== undefined) return metadata.uid;
  return objects.filter((other) => other.metadata.namespace === metadata.namespace)
    .flatMap((other) => other.metadata.ownerReferences ?? [])
    .find((owner) => owner.kind === kind && owner.name === metadata.name)?.uid;
}

/** Secrets workers refer to that are not among the documents, with guesses for values. */
export function standIns(
  objects: readonly KubeObject[],
  { value }: Guess,
  consent: ConsentLabel | undefined,
): readonly KubeObject[] {
  const names = new Set(
    objects.filter(({ kind }) => kind === resources.secrets.kind).map(({ metadata }) => keyOf(metadata)),
  );
  const wanted = objects.flatMap((object) => {
    const parsed = object.kind === resources.redisWorkers.kind ? parseRedisWorker(object) : undefined;
    return parsed?.ok
      ? valuesOf(parsed.worker.spec).map((ref) => ({ ...ref, namespace: object.metadata.namespace }))
      : [];
  });
  const made = new Map<string, KubeObject>();
  for (const { name, key, namespace = 'default' } of wanted) {
    const id = keyOf({ namespace, name });
    if (names.has(id)) continue;
    const data = { ...(made.get(id)?.data as object | undefined), [key]: Buffer.from(value).toString('base64') };
    const labels = consent && { labels: { [consent.key]: consent.value ?? '' } };
    made.set(id, { apiVersion: 'v1', kind: resources.secrets.kind, metadata: { name, namespace, ...labels }, data });
  }
  return [...made.values()];
}

/** The Secrets whose values are text of any kind: a certificate cannot be guessed. */
function valuesOf({ secretRef, redis, source }: RedisWorkerSpec): readonly { name: string; key: string }[] {
  const passwords = [redis?.passwordSecretRef, redis?.sentinel?.passwordSecretRef];
  return [
    ...(secretRef ? [{ name: secretRef.name, key: 'value' }] : []),
    ...(source.credentialsSecretRef ? [{ name: source.credentialsSecretRef.name, key: 'token' }] : []),
    ...passwords.filter((ref) => ref !== undefined),
  ];
}
