/** The Nodes of this machine: the one the sources run on, and an older one that the npm package has to run on as well. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** An executable and its major version. */
export interface InstalledNode {
  readonly path: string;
  readonly major: number;
}

/** One of each major version the package is for, found on PATH and where systems put it. */
export function nodesOfThisMachine(): readonly InstalledNode[] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  const paths = [process.execPath, ...new Set(folders.map((folder) => join(folder, 'node')))];
  const byMajor = new Map<number, InstalledNode>();
  for (const path of paths.filter((one) => existsSync(one))) {
    const major = Number(
      spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.split('.', 1)[0],
    );
    if (major >= 20 && !byMajor.has(major)) byMajor.set(major, { path, major });
  }
  return [...byMajor.values()].sort((one, other) => one.major - other.major);
}
