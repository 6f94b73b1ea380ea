/** What a node that has ended may have left behind on this machine. */
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupOf, findCgroups } from './cgroups.ts';
import { run } from '../command.ts';
import type { NodeDescription } from './node.ts';

/** A network namespace such as `net:[4026532177]`. */
export function networkNamespaceOf(pid: number): Promise<string> {
  return readlink(`/proc/${pid}/ns/net`);
}

/**
 * Everything of a node that is still there; empty when it left nothing.
 * @param networkNamespace of the node, read while it ran
 */
export async function tracesOf(
  { dir, network: { hostLink } }: NodeDescription,
  networkNamespace: string,
): Promise<string[]> {
  const routes = (await run('ip', ['route', 'show'])).split('\n').filter((line) => line.includes(`dev ${hostLink} `));
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(dir));
  return [
    ...[dir, `/sys/class/net/${hostLink}`].filter((path) => existsSync(path)),
    ...routes.map((line) => `route ${line.trim()}`),
    ...mounts.map((line) => `mount ${line}`),
    ...await findCgroups(cgroupOf(dir)),
    ...await processesOf(dir, networkNamespace),
  ];
}

async function processesOf(dir: string, networkNamespace: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map(async (pid) => {
    const command = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
    const namespace = await networkNamespaceOf(Number(pid)).catch(() => '');
    return command.includes(dir) || namespace === networkNamespace
      ? [`process ${pid} ${command.replaceAll('\0', ' ')}`]
      : [];
  }));
  return found.flat();
}
