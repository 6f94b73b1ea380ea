/** The cgroups of a node: one of the same name in every hierarchy, the parent of those of its pods. */
import { existsSync } from 'node:fs';
import { access, mkdir, readdir, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { eventually } from '../wait.ts';

const root = '/sys/fs/cgroup';

/** Name of the cgroup of the node that keeps its files in a folder. */
export function cgroupOf(dir: string): string {
  return basename(dir);
}

/** Makes it in every hierarchy: one when cgroups are of version 2, many when of version 1. */
export async function createCgroups(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await mkdir(join(hierarchy, name), { recursive: true });
}

/** Removes it and all below, as soon as the processes in it are gone. @throws Error when they are not within `deadlineMs` */
export async function removeCgroups(name: string, deadlineMs?: number): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const cgroup = join(hierarchy, name);
    await eventually(`${cgroup} is empty`, () => removeTree(cgroup).then(() => true), deadlineMs);
  }
}

/** Folders of it that are there. */
export async function findCgroups(name: string): Promise<string[]> {
  return (await hierarchies()).map((hierarchy) => join(hierarchy, name)).filter((folder) => existsSync(folder));
}

async function removeTree(cgroup: string): Promise<void> {
  const entries = await readdir(cgroup, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(cgroup, entry.name));
  await rmdir(cgroup).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}

/** Folders of the mounted hierarchies. */
async function hierarchies(): Promise<string[]> {
  const isOne = (dir: string): Promise<boolean> => access(join(dir, 'cgroup.procs')).then(() => true, () => false);
  if (await isOne(root)) return [root];
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((
    { name },
  ) => join(root, name));
  const found = await Promise.all(folders.map(isOne));
  return folders.filter((_, index) => found[index]);
}
