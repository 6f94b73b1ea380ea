/** What is applied to a cluster of files that were built: in which order, or what stands against it. Pure. */
import { ClusterError, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { laptopRules, readManifest } from '../operator/cluster/local/files/manifest.ts';
import type { BuiltFile } from './build-documents.ts';

/** The objects, in the order of their application, and why there are none of some, one sentence each. */
export interface Deployed {
  readonly objects: readonly KubeObject[];
  readonly problems: readonly string[];
}

/** What others refer to comes first. */
const order: readonly string[] = [
  resources.configMaps.kind,
  resources.secrets.kind,
  resources.services.kind,
  resources.redisWorkers.kind,
];

/** @param namespace of documents that name none */
export function objectsOf(built: readonly BuiltFile[], namespace: string): Deployed {
  const read = built.map(({ text, shown }) => readManifest(text, shown, { ...laptopRules, namespace }));
  const objects = read.flatMap((manifest) => manifest.objects);
  const problems = [
    ...built.flatMap((file) => file.problems),
    ...read.flatMap((manifest) => manifest.problems).map(ofSource),
    ...read.flatMap((manifest) => manifest.notes).map((note) =>
      ofSource(note).replace(/ is left out: .*$/, ` is none of what is deployed (${order.join(', ')}): use kubectl`)
    ),
    ...objects.flatMap((one) => one.problems).map(ofSource),
  ];
  const applied = objects.map(({ object }) => object);
  return { problems, objects: [...applied].sort((one, other) => rank(one) - rank(other)) };
}

function rank({ kind }: KubeObject): number {
  return order.indexOf(kind);
}

/** Lines of what was built are not those of its source. */
function ofSource(problem: string): string {
  return problem.replace(/^(.+?):\d+: /, '$1: ');
}

/** Why the cluster did not take an object, with what to do. */
export function whyNotApplied({ kind, metadata: { name, namespace } }: KubeObject, error: unknown): string {
  const label = `${kind} ${namespace}/${name}`;
  if (!(error instanceof ClusterError)) return `${label}: ${error instanceof Error ? error.message : String(error)}`;
  const said = error.message.replace(/ \([A-Z]+ \/\S*\).*$/s, '');
  if (error.status === 401) return `${label}: the cluster does not know who asks: log in again, as for kubectl`;
  if (error.status === 403 && /cannot \S+ resource/.test(said)) {
    return `${label}: you may not write a ${kind} in the namespace ${namespace}: ask for that right, or name another one with --namespace`;
  }
  if (error.reason === 'Conflict') {
    const owned = said.replace(/^Apply failed with \d+ conflicts?: /, '').replaceAll(/\s*\n\s*-? ?/g, ' ');
    return `${label}: others have written what is to be changed (${owned}): leave these fields out of the manifest, or take them over with --force-conflicts`;
  }
  return `${label}: ${said}`;
}
