/** The words that mean a worker of a cluster, for the commands that look into its Redis. */
import type { Command } from 'commander';
import { withAccess } from './access-words.ts';
import type { ExitCode } from './failure.ts';
import type { ClusterFlags } from './in-operator.ts';
import type { Io } from './io.ts';

/** What a command was called with, and how it ends. */
export interface Call {
  readonly io: Io;
  /** The words after `redisworker`. */
  readonly words: readonly string[];
  readonly finish: (code: ExitCode) => void;
}

/** Adds them to a command that looks into a Redis. */
export function withCluster(command: Command): Command {
  return withAccess(
    command
      .option(
        '-n, --namespace <name>',
        "namespace of the worker in a cluster: the command is run in the operator's pod",
      )
      .option(
        '--operator-namespace <name>',
        'where the operator is, when the pods of all namespaces may not be listed',
      ),
  );
}

/**
 * Does it in the operator's pod when the words mean a cluster and this is not that pod, else here.
 * @throws Failure when there is no way there
 */
export async function whereItIs(
  flags: ClusterFlags & { readonly redis?: string | undefined },
  { io, words, finish }: Call,
  here: () => Promise<ExitCode>,
): Promise<void> {
  finish(
    isElsewhere(flags, io) ? await (await import('./in-operator.ts')).runInOperator(flags, words, io) : await here(),
  );
}

/** The words mean a cluster, and this is not the pod of its operator. */
export function isElsewhere(flags: ClusterFlags, io: Io): boolean {
  const { kubeconfig, context } = flags;
  const isThere = io.environment.operatorRedis !== undefined && kubeconfig === undefined && context === undefined;
  return isClusterNamed(flags) && !isThere;
}

/** One of the words that mean a cluster was given. */
export function isClusterNamed({ kubeconfig, context, namespace, operatorNamespace }: ClusterFlags): boolean {
  return [kubeconfig, context, namespace, operatorNamespace].some((word) => word !== undefined);
}

/** The end of the help. */
export const inClusterHelp =
  `With --namespace it is a worker of a cluster: the command is run in the pod of the operator, which knows the way to the
Redis and its login. That takes the right to list pods and to create pods/exec where the operator is.`;
