/** Finds the text of a worker's module. */
import { maxModuleBytes, maxSourceBytes } from '../../../contract/limits.ts';
import { bundleFileName, sourceFileName } from '../../../contract/pod.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { digest } from '../model/names.ts';
import type { Source } from '../model/observed.ts';
import type { Resolved } from '../model/problem.ts';
import { fileOnDisk } from '../model/unsupported.ts';
import type { Text } from '../model/work.ts';
import { type Bundle, heldOf, refused, tooLarge } from './bundled.ts';

/**
 * The source of a spec.
 * @param configMaps those the spec names, in its order; undefined where there is none
 */
export function resolveSource(
  source: Omit<RedisWorkerSpec['source'], 'keep'>,
  configMaps: readonly (KubeObject | undefined)[],
): Resolved<Source> {
  if (source.inline !== undefined) return module(source.inline, 'spec.source.inline');
  if (source.configMap !== undefined) {
    const { name, key } = source.configMap;
    const found = textOfConfigMap(source.configMap, configMaps[0], 'spec.source.configMap');
    return found.ok ? module(found.value, `key "${key}" of ConfigMap "${name}"`) : found;
  }
  if (source.bundle !== undefined) return fromBundle(source.bundle, configMaps);
  return { ok: false, problem: fileOnDisk(source.file ?? '') };
}

/** The text under a key. @param field where the spec names the ConfigMap */
export function textOfConfigMap(
  { name, key }: NonNullable<RedisWorkerSpec['source']['configMap']>,
  configMap: KubeObject | undefined,
  field: string,
): Resolved<string> {
  if (!configMap) {
    return refused(
      'ConfigMapNotFound',
      `ConfigMap "${name}" of ${field} does not exist: create it with the module under key "${key}"`,
    );
  }
  const { text, keys, isBinary } = textIn(configMap, key);
  if (isBinary) {
    return refused(
      'ConfigMapKeyNotText',
      `key "${key}" of ConfigMap "${name}" is binary, and a module is text: save it as UTF-8 and put it below data instead of binaryData`,
    );
  }
  if (text === undefined) {
    return refused(
      'ConfigMapKeyNotFound',
      `ConfigMap "${name}" has no key "${key}" (keys: ${keys}): name one of them in ${
        field === 'spec.hats' ? field : `${field}.key`
      }, or add it`,
    );
  }
  return { ok: true, value: text };
}

/** Live copies hold the same objects until they change, and to make the whole of them takes longer than a look may. */
interface Whole<Made> {
  readonly from: readonly (KubeObject | undefined)[];
  readonly digest: string;
  readonly made: Made;
}

const sources = new WeakMap<KubeObject, Whole<Resolved<Source>>>();
const texts = new WeakMap<KubeObject, Whole<Resolved<Text>>>();

function once<Made>(
  known: WeakMap<KubeObject, Whole<Made>>,
  from: readonly (KubeObject | undefined)[],
  digest: string,
  make: () => Made,
): Made {
  const [first] = from;
  const before = first && known.get(first);
  const isSame = before?.digest === digest && before.from.length === from.length &&
    before.from.every((one, at) => one === from[at]);
  if (isSame) return before.made;
  const made = make();
  if (first !== undefined) known.set(first, { from, digest, made });
  return made;
}

function fromBundle(bundle: Bundle, configMaps: readonly (KubeObject | undefined)[]): Resolved<Source> {
  return once(sources, configMaps, bundle.digest, () => {
    const held = heldOf(bundle, configMaps, 'spec.source.bundle');
    if (!held.ok) return held;
    const { text, parts } = held.value;
    const value = { parts, fileName: bundleFileName, bytes: Buffer.byteLength(text), digest: bundle.digest };
    return { ok: true, value };
  });
}

/**
 * The text of a module that was bundled.
 * @param configMaps those the bundle names, in its order; undefined where there is none
 * @param field where the spec names them
 */
export function textOfBundle(
  bundle: Bundle,
  configMaps: readonly (KubeObject | undefined)[],
  field: string,
): Resolved<Text> {
  return once(texts, configMaps, bundle.digest, () => {
    const held = heldOf(bundle, configMaps, field);
    if (!held.ok) return held;
    const { text, map } = held.value;
    const bytes = Buffer.byteLength(text);
    if (bytes > maxModuleBytes) return tooLarge(field, bytes, maxModuleBytes);
    const isMapped = map !== undefined && Buffer.byteLength(map.text) <= maxModuleBytes;
    return { ok: true, value: { text, bundle: isMapped ? { map } : {} } };
  });
}

function textIn(configMap: KubeObject, key: string): { text: string | undefined; keys: string; isBinary: boolean } {
  const data = (configMap.data ?? {}) as Record<string, string>;
  const text = Object.hasOwn(data, key) ? data[key] : undefined;
  const binary = (configMap['binaryData'] ?? {}) as Record<string, string>;
  const isBinary = text === undefined && Object.hasOwn(binary, key);
  return { text, keys: Object.keys(data).sort().join(', ') || 'none', isBinary };
}

function module(text: string, where: string): Resolved<Source> {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxSourceBytes) return tooLarge(where, bytes, maxSourceBytes);
  if (text.trim() === '') return refused('SourceEmpty', `${where} is empty: put the worker's module there`);
  const parts = [{ data: { [sourceFileName]: text } }];
  return { ok: true, value: { parts, fileName: sourceFileName, bytes, digest: `sha256-${digest(text)}` } };
}
