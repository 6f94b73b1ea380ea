/** Lays the volumes of a pod out as private folders of this machine. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { type ConfigRef, type ConfigSource, missingKey } from './config-source.ts';
import { ContainerConfigError, type NodePodSpec, type VolumeSpec } from './pod.ts';

interface FileItem {
  readonly key: string;
  readonly path: string;
  readonly mode?: number | undefined;
}

interface Source extends ConfigRef {
  readonly items?: readonly FileItem[] | undefined;
}

/**
 * Writes every mounted volume under `root`, as deep as it is mounted, and returns mount path -> folder.
 * Files cannot be written by the container; configuration is read afresh at each start, not while it runs.
 * @throws ContainerConfigError for a missing object, key or volume
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
  const sources = sourcesOf(volume);
  const contents = await Promise.all(sources.map((source) => filesOf(source, config)));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const defaultMode = (volume.configMap ?? volume.secret ?? volume.projected)?.defaultMode ?? 0o644;
  for (const { path, mode, content } of contents.flat()) {
    await writeReadOnly(inside(folder, path), content, mode ?? defaultMode);
  }
}

function sourcesOf({ configMap, secret, projected }: VolumeSpec): Source[] {
  const sources = [
    ...(projected?.sources ?? []),
    ...(configMap ? [{ configMap }] : []),
    ...(secret ? [{ secret: { ...secret, name: secret.secretName } }] : []),
  ];
  return sources.flatMap((source): Source[] => [
    ...('configMap' in source && source.configMap ? [{ ...source.configMap, kind: 'ConfigMap' as const }] : []),
    ...('secret' in source && source.secret ? [{ ...source.secret, kind: 'Secret' as const }] : []),
  ]);
}

async function filesOf(source: Source, config: ConfigSource): Promise<(Omit<FileItem, 'key'> & { content: Buffer })[]> {
  const data = await config.read(source);
  const items: readonly FileItem[] = source.items ?? [...data.keys()].map((key) => ({ key, path: key }));
  return items.flatMap(({ key, path, mode }) => {
    const content = data.get(key);
    if (content === undefined && !source.optional) throw missingKey(source, key);
    return content === undefined ? [] : [{ path, mode, content }];
  });
}

/** Replaces a file in one step: a read-only file cannot be opened for writing at the next start. */
async function writeReadOnly(file: string, content: Buffer, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
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
