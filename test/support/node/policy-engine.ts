/** The node's policy engine, switched off for a while. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node } from './node.ts';

/** Chains of the filter table that kube-router hooks its own into. */
const hooks = ['INPUT', 'FORWARD', 'OUTPUT'] as const;

/**
 * Stops kube-router in its tracks and takes its rules out of the way, so that policies are accepted and do nothing.
 * @returns what lets it go on; it then writes its rules again within its period of thirty seconds
 */
export async function stopEnforcing(node: Node): Promise<() => void> {
  const { kubeRouter, nsenter } = await engineOf(node);
  process.kill(kubeRouter, 'SIGSTOP'); // nsenter, which waits for it, stops itself then
  for (const chain of hooks) {
    const { code, stderr } = await node.nodeNetwork.run('iptables', ['-w', '10', '-F', chain]);
    if (code !== 0) throw new Error(`the rules of ${chain} could not be removed: ${stderr.trim()}`);
  }
  return () => {
    for (const pid of [kubeRouter, nsenter]) process.kill(pid, 'SIGCONT');
  };
}

/** Processes of the engine that are stopped; while there is one, the node cannot end. */
export async function stoppedEngine(node: Node): Promise<number[]> {
  const { kubeRouter, nsenter } = await engineOf(node);
  const isStopped = async (pid: number): Promise<boolean> =>
    / \(\S+\) T /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  return (await Promise.all([kubeRouter, nsenter].map(async (pid) => (await isStopped(pid)) ? [pid] : []))).flat();
}

/** The node's kube-router, and the program that took it into the node, whose only child it is. @throws Error when it does not run */
async function engineOf(
  { description: { dir } }: Node,
): Promise<{ readonly kubeRouter: number; readonly nsenter: number }> {
  const nsenter = Number(await readFile(join(dir, 'pids', 'kube-router'), 'utf8'));
  const kubeRouter = Number(await readFile(`/proc/${nsenter}/task/${nsenter}/children`, 'utf8'));
  if (kubeRouter === 0) throw new Error('kube-router does not run on the node');
  return { kubeRouter, nsenter };
}
