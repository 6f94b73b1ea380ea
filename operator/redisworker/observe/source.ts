/** Finds the text of a worker's module. */
import { maxBundleBytes, maxSourceBytes, maxSourceMapBytes } from '../../../contract/limits.ts';
import { bundleFileName, sourceFileName } from '../../../contract/pod.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { type Holder, isPacked, type Part, unpack } from '../../code/pack.ts';
import { digest } from '../model/names.ts';
import type { Source } from '../model/observed.ts';
import { missing, type Problem, type Resolved } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import { fileOnDisk } from '../model/unsupported.ts';

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

/** The last line of bundled code names its source map. */
const mapOf = /\n\/\/# sourceMappingURL=([0-9a-f]{12}\.map)\n$/;

function fromBundle(
  bundle: NonNullable<RedisWorkerSpec['source']['bundle']>,
  configMaps: readonly (KubeObject | undefined)[],
): Resolved<Source> {
  const missingName = bundle.configMaps.find((_, at) => configMaps[at] === undefined);
  if (missingName !== undefined) {
    return refused(
      'ConfigMapNotFound',
      `ConfigMap "${missingName}" of spec.source.bundle does not exist: apply it together with this manifest`,
    );
  }
  const found = configMaps.filter((one) => one !== undefined);
  const holders = found.map(holderOf);
  if (isPacked(holders)) return packedOnce(bundle.digest, found, holders);
  const [first, second] = holders;
  if (first === undefined || second !== undefined) {
    const name = second?.name ?? '';
    return refused(
      'SourcePartMissing',
      `ConfigMap "${name}" of spec.source.bundle holds no part of the code: name those it was made into, in their order`,
    );
  }
  return fromWhole(bundle.digest, first);
}

function fromWhole(expected: string, { name, data = {} }: Holder): Resolved<Source> {
  const text = Object.hasOwn(data, bundleFileName) ? data[bundleFileName] : undefined;
  if (text === undefined) {
    const keys = Object.keys(data).sort().join(', ') || 'none';
    return refused(
      'ConfigMapKeyNotFound',
      `ConfigMap "${name}" of spec.source.bundle has no key "${bundleFileName}" (keys: ${keys}): apply it as it was made`,
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBundleBytes) return tooLarge(`ConfigMap "${name}"`, bytes, maxBundleBytes);
  const mapName = mapOf.exec(text)?.[1];
  const map = mapName === undefined || !Object.hasOwn(data, mapName) ? undefined : data[mapName];
  const files = { [bundleFileName]: text, ...(mapName === undefined || map === undefined ? {} : { [mapName]: map }) };
  return ofBundle({ expected, where: `ConfigMap "${name}" holds`, text, parts: [{ data: files }] });
}

/** A live copy holds the same object until it changes, and to make the whole of it takes longer than a look may. */
const whole = new WeakMap<KubeObject, { readonly from: readonly KubeObject[]; readonly source: Resolved<Source> }>();

function packedOnce(
  expected: string,
  configMaps: readonly KubeObject[],
  holders: readonly Holder[],
): Resolved<Source> {
  const [first] = configMaps;
  const known = first && whole.get(first);
  if (known?.from.length === configMaps.length && known.from.every((one, at) => one === configMaps[at])) {
    if (!known.source.ok || known.source.value.digest === expected) return known.source;
  }
  const source = fromPacked(expected, holders);
  if (first !== undefined) whole.set(first, { from: configMaps, source });
  return source;
}

function fromPacked(expected: string, holders: readonly Holder[]): Resolved<Source> {
  const made = unpack(holders, (file) => (file === bundleFileName ? maxBundleBytes : maxSourceMapBytes));
  const text = made.ok ? made.files.get(bundleFileName) : undefined;
  if (text === undefined) {
    const problem = made.ok ? `no part of ${bundleFileName} is in them` : made.problem;
    return refused(
      'SourcePartMissing',
      `spec.source.bundle.configMaps: ${problem}: apply all of them as they were made, and name them in the order of their parts`,
    );
  }
  const parts = holders.map(({ binaryData = {} }) => ({ binaryData }));
  return ofBundle({ expected, where: 'the ConfigMaps of spec.source.bundle hold', text, parts });
}

function ofBundle(
  { expected, where, text, parts }: {
    readonly expected: string;
    readonly where: string;
    readonly text: string;
    readonly parts: readonly Part[];
  },
): Resolved<Source> {
  const found = `sha256-${digest(text)}`;
  if (found !== expected) {
    return refused(
      'SourceDigestMismatch',
      `${where} code with the digest ${found}, and spec.source.bundle.digest wants ${expected}: apply both as they were made`,
    );
  }
  return { ok: true, value: { parts, fileName: bundleFileName, bytes: Buffer.byteLength(text), digest: found } };
}

function holderOf({ metadata: { name }, data, binaryData }: KubeObject): Holder {
  return {
    name,
    data: (data ?? {}) as Part['data'] & object,
    binaryData: (binaryData ?? {}) as Part['binaryData'] & object,
  };
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

function tooLarge(where: string, bytes: number, limit: number): Resolved<Source> {
  return refused(
    'SourceTooLarge',
    `${where} has ${bytes} bytes; a module may have at most ${limit}: bundle less into it`,
  );
}

function refused(reason: Reason, message: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: missing(reason, message) };
}
