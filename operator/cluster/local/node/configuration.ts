/** What a container is configured with: its variables and its volumes, from the ConfigMaps and Secrets its pod names. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { type Cluster, type KubeObject, type ObjectRef, resources } from '../../cluster.ts';
import { expandVariables, move, type Places } from './places.ts';
import {
  ContainerConfigError,
  type EnvVar,
  type FieldPath,
  type NodePodSpec,
  podIP,
  type VolumeSpec,
} from './pod-spec.ts';

/** The keys of a ConfigMap or Secret, decoded. */
export type ConfigData = ReadonlyMap<string, Buffer>;

/** Which object, and whether a container may start without it. */
export interface ConfigRef {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly optional: boolean;
}

/** Reads configuration of one namespace; an optional object that is missing has no keys. */
export class ConfigSource {
  readonly #cluster: Cluster;
  readonly #namespace: string;

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  /** @throws ContainerConfigError when a required object is missing */
  async read({ kind, name, optional }: ConfigRef): Promise<ConfigData> {
    const ref: ObjectRef = { namespace: this.#namespace, name };
    const object = await this.#cluster.get(kind === 'Secret' ? resources.secrets : resources.configMaps, ref);
    if (object === undefined && !optional) {
      throw new ContainerConfigError(
        `${kind} "${name}" was not found in namespace ${this.#namespace}; create it, the container starts then.`,
      );
    }
    return object === undefined ? new Map() : decode(kind, object);
  }

  /** @throws ContainerConfigError when the object or the key is missing and not optional */
  async readKey(ref: ConfigRef, key: string): Promise<Buffer | undefined> {
    const value = (await this.read(ref)).get(key);
    if (value === undefined && !ref.optional) throw missingKey(ref, key);
    return value;
  }
}

/** The error for a key that a required object does not have. */
function missingKey({ kind, name }: ConfigRef, key: string): ContainerConfigError {
  return new ContainerConfigError(`${kind} "${name}" has no key "${key}"; add the key, the container starts then.`);
}

function decode(kind: ConfigRef['kind'], object: KubeObject): ConfigData {
  const entries = (field: string) => Object.entries((object[field] ?? {}) as Record<string, string>);
  if (kind === 'Secret') return new Map(entries('data').map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return new Map([
    ...entries('data').map(([key, value]) => [key, Buffer.from(value)] as const),
    ...entries('binaryData').map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  ]);
}

/**
 * Resolves the variables in order; plain values may use earlier ones as `$(NAME)`. Values of Secrets and
 * ConfigMaps are passed on as they are.
 * @throws ContainerConfigError for a missing object or key
 */
export async function readEnvironment(
  variables: readonly EnvVar[],
  pod: KubeObject,
  places: Places,
  config: ConfigSource,
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const { name, value, valueFrom } of variables) {
    const resolved = valueFrom === undefined
      ? expandVariables(move(value ?? '', places), result)
      : await readReference(valueFrom, pod, config);
    if (resolved !== undefined) result[name] = resolved;
  }
  return result;
}

async function readReference(
  { fieldRef, secretKeyRef, configMapKeyRef }: NonNullable<EnvVar['valueFrom']>,
  pod: KubeObject,
  config: ConfigSource,
): Promise<string | undefined> {
  if (fieldRef !== undefined) return fieldOf(pod, fieldRef.fieldPath);
  const key = secretKeyRef ?? configMapKeyRef;
  if (key === undefined) return undefined;
  const ref: ConfigRef = { kind: secretKeyRef ? 'Secret' : 'ConfigMap', name: key.name, optional: key.optional };
  return (await config.readKey(ref, key.key))?.toString();
}

function fieldOf({ metadata, spec }: KubeObject, path: FieldPath): string {
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'spec.nodeName':
      return (spec as { nodeName?: string }).nodeName ?? '';
    case 'status.podIP':
    case 'status.hostIP':
      return podIP;
  }
}

/**
 * Writes every mounted volume under `root`, as deep as it is mounted, and returns mount path -> folder.
 * Files cannot be written by the container; configuration is read afresh at each start, not while it runs.
 * @throws ContainerConfigError for a missing object or volume
 */
export async function layOutVolumes(
  spec: NodePodSpec,
  root: string,
  config: ConfigSource,
): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  const folderOfVolume = new Map<string, string>();
  for (const { name, mountPath } of spec.container.volumeMounts) {
    const volume = spec.volumes.find((candidate) => candidate.name === name);
    if (volume === undefined) {
      throw new ContainerConfigError(`spec.containers.0.volumeMounts: there is no volume "${name}"`);
    }
    const path = normalize(mountPath).replace(/(.)\/$/, '$1');
    const known = folderOfVolume.get(name);
    const folder = known ?? inside(root, path);
    if (known === undefined) await layOut(volume, folder, config);
    folderOfVolume.set(name, folder);
    folders.set(path, folder);
  }
  return folders;
}

async function layOut(volume: VolumeSpec, folder: string, config: ConfigSource): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const mode = (volume.configMap ?? volume.secret ?? volume.projected)?.defaultMode ?? 0o644;
  for (const source of sourcesOf(volume)) {
    for (const [key, content] of await config.read(source)) await writeReadOnly(inside(folder, key), content, mode);
  }
}

function sourcesOf({ configMap, secret, projected }: VolumeSpec): readonly ConfigRef[] {
  if (secret !== undefined) return [{ kind: 'Secret', name: secret.secretName, optional: false }];
  const configMaps = configMap === undefined ? projected?.sources.map((one) => one.configMap) ?? [] : [configMap];
  return configMaps.map(({ name }) => ({ kind: 'ConfigMap', name, optional: false }));
}

/** Replaces a file in one step: a read-only file cannot be opened for writing at the next start. */
async function writeReadOnly(file: string, content: Buffer, mode: number): Promise<void> {
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  await writeFile(fresh, content, { mode: mode & 0o555 });
  await rename(fresh, file);
}

/** @throws ContainerConfigError when a relative path leads out of its folder */
function inside(folder: string, path: string): string {
  const target = join(folder, path);
  if (target !== folder && !target.startsWith(folder + sep)) {
    throw new ContainerConfigError(`the path "${path}" leads out of its volume`);
  }
  return target;
}
