/** The words kubectl has for the cluster that is meant. */
import type { Command } from 'commander';

/** As commander gives them. */
export interface AccessFlags {
  kubeconfig?: string;
  context?: string;
}

/** What they say. */
export interface ClusterAccess {
  /** Without it $KUBECONFIG, ~/.kube/config, or the ServiceAccount of the pod. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig; without it the one that is current there. */
  readonly context?: string | undefined;
}

/** Adds them to a command. */
export function withAccess(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'how to reach the cluster [$KUBECONFIG, or ~/.kube/config, as with kubectl]')
    .option('--context <name>', 'context of the kubeconfig [its current one]');
}
