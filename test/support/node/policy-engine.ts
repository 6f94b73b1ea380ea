/** The node's policy engine, switched off for a while. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
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
  const isStopped = async (pid: number): Promise<boolean> => / \(\S+\) T /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  return (await Promise.all([kubeRouter, nsenter].map(async (pid) => (await isStopped(pid)) ? [pid] : []))).flat();
}

/** The kube-router that uses this node's files, and the program that took it into the node. */
async function engineOf({ description: { dir } }: Node): Promise<{ readonly kubeRouter: number; readonly nsenter: number }> {
  const found = new Map<string, number>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = (await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '')).split('\0');
    const isOfEngine = command.some((arg) => arg.endsWith('/kube-router')) && command.some((arg) => arg.includes(dir));
    if (isOfEngine) found.set(basename(command[0] ?? ''), Number(pid));
  }
  const [kubeRouter, nsenter] = [found.get('kube-router'), found.get('nsenter')];
  if (kubeRouter === undefined || nsenter === undefined) throw new Error('kube-router does not run on the node');
  return { kubeRouter, nsenter };
}
