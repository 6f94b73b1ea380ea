/**
 * A command about the Redis of a worker, run in the pod of the operator: there is the command line too, the way to the
 * Redis, and the login. Whoever may run a command there has the operator's rights, so nobody gets a right by this.
 */
import type { AccessFlags } from './access-words.ts';
import { connect, readAccess } from './cluster-access.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { findOperatorPod } from './operator-pod.ts';
import { runInPod } from './pod-exec.ts';

const programInImage = '/usr/bin/redisworker';

/** The words that mean a cluster, as commander gives them. */
export interface ClusterFlags extends AccessFlags {
  namespace?: string;
  operatorNamespace?: string;
}

/**
 * Runs the words of this process in the operator's pod.
 * @returns the exit code
 * @throws Failure when there is no way there, or words contradict each other
 */
export async function runInOperator(
  { kubeconfig, context, namespace, operatorNamespace, redis }: ClusterFlags & { readonly redis?: string | undefined },
  words: readonly string[],
  io: Io,
): Promise<ExitCode> {
  if (redis !== undefined) {
    throw new Failure(
      '--redis is reached from here, --namespace from the pod of the operator: leave one of them out',
      exitCodes.usage,
    );
  }
  const access = { kubeconfig, context };
  const config = await readAccess(access);
  const served = namespace ?? config.namespace ?? 'default';
  const cluster = await connect(access);
  try {
    const { tlsWords, ...pod } = await findOperatorPod(cluster, served, operatorNamespace);
    const kept = withoutCluster(words);
    const input = kept.includes('-') ? await io.input() : undefined;
    const command = [programInImage, ...kept, '--namespace', served, ...tlsWords];
    return await runInPod(config, { ...pod, command, input }, linesOf(io), io.interrupted()) as ExitCode;
  } finally {
    await cluster.close();
  }
}

/** The words without those that say which cluster. */
export function withoutCluster(words: readonly string[]): readonly string[] {
  const flags = ['-n', '--namespace', '--operator-namespace', '--kubeconfig', '--context'];
  const isFlag = (word: string): boolean => flags.includes(word);
  const isWhole = (word: string): boolean =>
    flags.some((flag) => word.startsWith(flag.startsWith('--') ? `${flag}=` : flag)) && !isFlag(word);
  return words.filter((word, at) => !isFlag(word) && !isWhole(word) && !isFlag(words[at - 1] ?? ''));
}

/** What comes in pieces is printed by lines. */
function linesOf(io: Io): { out(text: string): void; err(text: string): void } {
  const printer = (print: (line: string) => void) => {
    let rest = '';
    return (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(print);
    };
  };
  return { out: printer((line) => io.out(line)), err: printer((line) => io.err(line)) };
}
