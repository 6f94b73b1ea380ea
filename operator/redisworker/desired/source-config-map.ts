/** The immutable ConfigMaps that keep the source of a worker under its digest. */
import type { ConfigMap } from 'kubernetes-types/core/v1.d.ts';
import { bundleFileName, sourceFileName } from '../../../contract/pod.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { isPacked, type Part } from '../../code/pack.ts';
import { annotations, digest, sourceConfigMapName, sourcePartName } from '../model/names.ts';
import type { Parent } from '../model/blueprint.ts';
import type { Source } from '../model/observed.ts';
import { canonicalJson, hasDrifted } from './drift.ts';
import { type Built, childMetadata } from './metadata.ts';

/** Key of a ConfigMap that names the image with the code, where a registry keeps it. */
const imageKey = 'image';

/** What the ConfigMap holds that names an image. */
export function imagePart(image: string): Part {
  return { data: { [imageKey]: image } };
}

/** Builds the ConfigMaps; another text is another name, so a running pod's source never changes under it. */
export function sourceConfigMaps(parent: Parent, source: Source): readonly Built<ConfigMap>[] {
  const names = sourceConfigMapNames(parent, source);
  return source.parts.map((part, at) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(parent, names[at] ?? '', noteOf(source)),
    immutable: true,
    ...part,
  }));
}

/** What its code was resolved for is noted beside it. */
function noteOf({ origins }: Source): { readonly annotations?: Record<string, string> } {
  return origins === undefined ? {} : { annotations: { [annotations.origins]: JSON.stringify(origins) } };
}

/** Whether pods have to join the pieces of a source. */
export function isInPieces({ parts, stored, origin }: Source): boolean {
  return stored === undefined ? isPacked(parts) : origin?.isPacked === true;
}

/** Names of the ConfigMaps with a source. */
export function sourceConfigMapNames(
  { name }: Parent,
  { digest: code, parts, stored, origin }: Source,
): readonly string[] {
  if (stored !== undefined) return stored.map(({ metadata }) => metadata.name);
  const whole = sourceConfigMapName(name, code);
  // One that names an image is told from one that holds the same code.
  return isPacked(parts) || origin?.image !== undefined
    ? parts.map((_, at) => sourcePartName(whole, digestOf(parts), at + 1))
    : [whole];
}

/** Parts are many bytes, and the same object as long as the source is. */
const digests = new WeakMap<Source['parts'], string>();

/** What names of ConfigMaps are told from others of the same code by. */
export function digestOf(parts: Source['parts']): string {
  const known = digests.get(parts) ?? digest(canonicalJson(parts));
  digests.set(parts, known);
  return known;
}

/** What is kept of a ConfigMap with this part. */
export function partDigest(part: Part): string {
  const { data, binaryData } = part;
  if (binaryData !== undefined) return digest(canonicalJson(binaryData));
  const { [imageKey]: image, [sourceFileName]: module = image, [bundleFileName]: text = module } = data ?? {};
  return text === undefined ? 'none' : digest(text);
}

/** What is kept of such a ConfigMap, ours or found: a digest of what it holds, which may be long and is known elsewhere. */
export function keptSource(configMap: KubeObject): KubeObject {
  const { data, binaryData, ...rest } = configMap;
  if (data === undefined && binaryData === undefined) return configMap;
  return { ...rest, sourceDigest: partDigest({ data, binaryData } as Part) };
}

/** Drift of such a ConfigMap, whole or as it is kept. */
export function sourceHasDrifted(desired: KubeObject, actual: KubeObject): boolean {
  return hasDrifted(keptSource(desired), keptSource(actual));
}
