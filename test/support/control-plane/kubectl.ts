/** kubectl as a function. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

/** What a command left behind. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl; a failure is in `code`, never thrown. */
export type Kubectl = (args: readonly string[], options?: { readonly stdin?: string }) => Promise<CommandResult>;

/** A kubectl that talks to one control plane and keeps its discovery cache beside the kubeconfig. */
export function kubectlFor({ kubectlPath, kubeconfigPath }: { kubectlPath: string; kubeconfigPath: string }): Kubectl {
  const env = { ...process.env, KUBECONFIG: kubeconfigPath, KUBECACHEDIR: join(dirname(kubeconfigPath), 'kubectl-cache') };
  return (args, { stdin } = {}) => new Promise((resolve, reject) => {
    const child = spawn(kubectlPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => { output.stdout += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { output.stderr += chunk.toString(); });
    child.stdin.on('error', () => undefined); // kubectl may end before it reads its stdin
    child.stdin.end(stdin ?? '');
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, ...output }));
  });
}
