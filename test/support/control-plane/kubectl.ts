/** kubectl as a function. */
import { dirname, join } from 'node:path';
import { type CommandResult, tryRun } from '../command.ts';

/** Runs kubectl; a failure is in `code`, never thrown. */
export type Kubectl = (args: readonly string[], options?: { readonly stdin?: string }) => Promise<CommandResult>;

/** A kubectl that talks to one control plane and keeps its discovery cache beside the kubeconfig. */
export function kubectlFor({ kubectlPath, kubeconfigPath }: { kubectlPath: string; kubeconfigPath: string }): Kubectl {
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfigPath,
    KUBECACHEDIR: join(dirname(kubeconfigPath), 'kubectl-cache'),
  };
  return (args, { stdin } = {}) => tryRun(kubectlPath, args, { env, stdin });
}
