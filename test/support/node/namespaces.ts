/** Namespaces of a node's own: mounts, network and processes, linked to this machine by a pair of interfaces. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { NodeNetwork } from './network.ts';

/** The namespaces with their addresses. */
export interface Namespaces {
  /** Process id of the first process in them, as this machine sees it. */
  readonly pid: number;
  readonly network: NodeNetwork;
  /** Kills all that runs in them; the folder, the cgroups, the link and its routes go with them. */
  close(): Promise<void>;
}

/** The command that runs another in all namespaces of a node. */
export function inNode(pid: number, program: string, args: readonly string[]): [program: string, args: string[]] {
  return ['nsenter', [`--target=${pid}`, '--mount', '--net', '--pid', '--', program, ...args]];
}

/**
 * Opens namespaces and links them to this machine; `dir` belongs to them. They end with this process, however that ends.
 * @throws Error when there are as many nodes as this machine can have, or the kernel refuses
 */
export async function openNamespaces(dir: string): Promise<Namespaces> {
  const holder = spawn(process.execPath, [join(import.meta.dirname, 'holder.ts'), dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(holder, 'exit');
  const [line] = await Promise.race([once(holder.stdout, 'data'), ended]) as [unknown];
  if (!(line instanceof Buffer)) throw new Error('the namespaces of a node do not open; the reason is above');
  return {
    ...JSON.parse(line.toString()) as Pick<Namespaces, 'pid' | 'network'>,
    async close() {
      holder.stdin.end();
      await ended;
    },
  };
}
