/** The immutable ConfigMap that keeps the source of a worker under its digest. */
import type { ConfigMap } from 'kubernetes-types/core/v1.d.ts';
import { sourceFileName } from '../../../contract/pod.ts';
import { sourceConfigMapName } from '../model/names.ts';
import type { Parent } from '../model/blueprint.ts';
import type { Source } from '../model/observed.ts';
import { type Built, childMetadata } from './metadata.ts';

/** Builds the ConfigMap; another text is another name, so a running pod's source never changes under it. */
export function sourceConfigMap(parent: Parent, source: Source): Built<ConfigMap> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(parent, sourceConfigMapName(parent.name, source.digest)),
    immutable: true,
    data: { [sourceFileName]: source.text },
  };
}
