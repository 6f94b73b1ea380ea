/** The immutable ConfigMap that keeps the source of a worker under its digest. */
import type { ConfigMap } from 'kubernetes-types/core/v1.d.ts';
import { bundleFileName, sourceFileName } from '../../../contract/pod.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { digest, sourceConfigMapName } from '../model/names.ts';
import type { Parent } from '../model/blueprint.ts';
import type { Source } from '../model/observed.ts';
import { hasDrifted } from './drift.ts';
import { type Built, childMetadata } from './metadata.ts';

/** Builds the ConfigMap; another text is another name, so a running pod's source never changes under it. */
export function sourceConfigMap(parent: Parent, source: Source): Built<ConfigMap> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(parent, sourceConfigMapName(parent.name, source.digest)),
    immutable: true,
    data: { [source.fileName]: source.text, ...(source.map ? { [source.map.name]: source.map.text } : {}) },
  };
}

/** What is kept of such a ConfigMap, ours or found: a digest of the text, which may be long and is known elsewhere. */
export function keptSource(configMap: KubeObject): KubeObject {
  const { data, ...rest } = configMap;
  if (data === undefined) return configMap;
  const { [sourceFileName]: module, [bundleFileName]: text = module } = data as Record<string, string | undefined>;
  return { ...rest, sourceDigest: text === undefined ? 'none' : digest(text) };
}

/** Drift of such a ConfigMap, whole or as it is kept. */
export function sourceHasDrifted(desired: KubeObject, actual: KubeObject): boolean {
  return hasDrifted(keptSource(desired), keptSource(actual));
}
