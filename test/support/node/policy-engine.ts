/** The node's policy engine, switched off for a while. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node } from './node.ts';

/** Chains of the filter table that kube-router hooks its own into. */
const hooks = ['INPUT', 'FORWARD', 'OUTPUT'] as const;

/**
 * Stops kube-router in its tracks and takes its rules out of the way, so that policies are accepted and do nothing.
 * @returns what lets it go on; it then writes its rules again within its period of thirty seconds
 */
export async function stopEnforcing(node: Node): Promise<() => void> {
  const pid = await kubeRouterOf(node);
  process.kill(pid, 'SIGSTOP');
  for (const chain of hooks) {
    const { code, stderr } = await node.nodeNetwork.run('iptables', ['-w', '10', '-F', chain]);
    if (code !== 0) throw new Error(`the rules of ${chain} could not be removed: ${stderr.trim()}`);
  }
  return () => process.kill(pid, 'SIGCONT');
}

/** The kube-router that uses this node's files. */
async function kubeRouterOf({ description: { dir } }: Node): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const [program = '', ...args] = (await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '')).split('\0');
    if (program.endsWith('/kube-router') && args.some((arg) => arg.includes(dir))) return Number(pid);
  }
  throw new Error('kube-router does not run on the node');
}
