/** Which ConfigMaps with code that deploys have left are no longer of use. Pure. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { codeLabel, codeNames, codeOf } from '../operator/cluster/local/files/bundled-worker.ts';

/** What is in one namespace. */
export interface CodeAround {
  /** ConfigMaps that carry the label. */
  readonly code: readonly KubeObject[];
  readonly workers: readonly KubeObject[];
}

/** How many former ones are left for a rollback when the manifest does not say: what the operator keeps as well, of each module. */
const defaultKeep = 2;

/**
 * The ConfigMaps of code that no worker names any more, but for those a deployed worker may go back to.
 * @param deployed workers that are ready: of no other one anything is deleted
 */
export function unnamedCode(deployed: readonly KubeObject[], { code, workers }: CodeAround): readonly KubeObject[] {
  const named = new Set(workers.flatMap(codeNames));
  return deployed.flatMap((worker) => {
    const own = code.filter(({ metadata }) =>
      metadata.labels?.[codeOf] === codeLabel(worker.metadata.name) && !named.has(metadata.name)
    );
    return [...Map.groupBy(own, versionOf).values()]
      .sort((one, other) => madeAt(other).localeCompare(madeAt(one)))
      .slice(keepOf(worker)).flat();
  });
}

function keepOf({ spec }: KubeObject): number {
  const { source, modules } = (spec ?? {}) as { source?: { keep?: unknown }; modules?: readonly unknown[] };
  return typeof source?.keep === 'number' ? source.keep : defaultKeep * (modules?.length ?? 1);
}

/** All parts of one version have its name in front. */
function versionOf({ metadata }: KubeObject): string {
  return metadata.name.replace(/(-code-[0-9a-f]{12})-\d{1,2}$/, '$1');
}

function madeAt(parts: readonly KubeObject[]): string {
  return parts[0]?.metadata.creationTimestamp ?? '';
}
