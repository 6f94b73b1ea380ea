/** The words that choose a place, for the commands that look at workers. */
import type { Command } from 'commander';
import { type AccessFlags, withAccess } from './access-words.ts';
import type { PlaceWords } from './choose-place.ts';
import { program } from './program.ts';
import { sessionOption } from './words.ts';

/** As commander gives them. */
export interface PlaceFlags extends AccessFlags {
  name: string;
  namespace?: string;
  allNamespaces?: true;
}

/** What they mean, for the help of a command. */
export const whichPlace =
  `Without a word about it they are those of the running "${program} up"; in a pod where none runs, those of the
pod's namespace, asked for with its ServiceAccount. --namespace, --all-namespaces, --kubeconfig and --context mean a
cluster.`;

/** Adds the words. */
export function withPlace(command: Command, { manyNamespaces = true } = {}): Command {
  command.addOption(sessionOption()).option('-n, --namespace <name>', 'the workers of this namespace of a cluster');
  if (manyNamespaces) command.option('-A, --all-namespaces', 'the workers of all namespaces of a cluster');
  return withAccess(command);
}

/** The place they choose. */
export function placeWords({ name, ...words }: PlaceFlags, command: Command): PlaceWords {
  const { kubeconfig, context, namespace, allNamespaces } = words;
  const sessionNamed = command.getOptionValueSource('name') === 'cli';
  return { session: name, sessionNamed, kubeconfig, context, namespace, allNamespaces };
}
