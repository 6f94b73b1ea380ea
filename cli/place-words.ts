/** The words that choose a place, for the commands that look at workers. */
import type { Command } from 'commander';
import type { PlaceWords } from './choose-place.ts';
import { program } from './program.ts';
import { sessionOption } from './words.ts';

/** As commander gives them. */
export interface PlaceFlags {
  name: string;
  kubeconfig?: string;
  namespace?: string;
  allNamespaces?: true;
}

/** What they mean, for the help of a command. */
export const whichPlace =
  `Without a word about it they are those of the running "${program} up"; in a pod where none runs, those of the
pod's namespace, asked for with its ServiceAccount. --namespace, --all-namespaces and --kubeconfig mean a cluster: the
one of --kubeconfig, else of $KUBECONFIG or ~/.kube/config, as with kubectl.`;

/** Adds the words. */
export function withPlace(command: Command, { manyNamespaces = true } = {}): Command {
  command.addOption(sessionOption()).option('-n, --namespace <name>', 'the workers of this namespace of a cluster');
  if (manyNamespaces) command.option('-A, --all-namespaces', 'the workers of all namespaces of a cluster');
  return command.option('--kubeconfig <file>', 'how to reach the cluster');
}

/** The place they choose. */
export function placeWords({ name, kubeconfig, namespace, allNamespaces }: PlaceFlags, command: Command): PlaceWords {
  const sessionNamed = command.getOptionValueSource('name') === 'cli';
  return { session: name, sessionNamed, kubeconfig, namespace, allNamespaces };
}
