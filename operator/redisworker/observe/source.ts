/** Finds the text of a worker's module. */
import { maxBundleBytes, maxModuleBytes, maxSourceBytes, maxSourceMapBytes } from '../../../contract/limits.ts';
import type { BundledMap } from '../../../contract/modules.ts';
import { bundleFileName, sourceFileName } from '../../../contract/pod.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { type Holder, isPacked, type Part, unpack } from '../../code/pack.ts';
import { digest } from '../model/names.ts';
import type { Source } from '../model/observed.ts';
import { missing, type Problem, type Resolved } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import { fileOnDisk } from '../model/unsupported.ts';
import type { Text } from '../model/work.ts';

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

/** What ConfigMaps are said to hold. */
type Bundle = NonNullable<RedisWorkerSpec['source']['bundle']>;

/** What they do hold. */
interface Held {
  readonly text: string;
  readonly map?: BundledMap;
  readonly parts: readonly Part[];
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

function heldOf(bundle: Bundle, configMaps: readonly (KubeObject | undefined)[], field: string): Resolved<Held> {
  const missingName = bundle.configMaps.find((_, at) => configMaps[at] === undefined);
  if (missingName !== undefined) {
    return refused(
      'ConfigMapNotFound',
      `ConfigMap "${missingName}" of ${field} does not exist: apply it together with this manifest`,
    );
  }
  const holders = configMaps.filter((one) => one !== undefined).map(holderOf);
  if (isPacked(holders)) return fromPacked(bundle.digest, holders, field);
  const [first, second] = holders;
  if (first === undefined || second !== undefined) {
    const name = second?.name ?? '';
    return refused(
      'SourcePartMissing',
      `ConfigMap "${name}" of ${field} holds no part of the code: name those it was made into, in their order`,
    );
  }
  return fromWhole(bundle.digest, first, field);
}

/** The last line of bundled code names its source map. */
const mapOf = /\n\/\/# sourceMappingURL=([0-9a-f]{12}\.map)\n$/;

function mapIn(text: string, textOf: (name: string) => string | undefined): Pick<Held, 'map'> {
  const name = mapOf.exec(text)?.[1];
  const map = name === undefined ? undefined : textOf(name);
  return name === undefined || map === undefined ? {} : { map: { name, text: map } };
}

function fromWhole(digest: string, { name, data = {} }: Holder, field: string): Resolved<Held> {
  const textOf = (key: string) => (Object.hasOwn(data, key) ? data[key] : undefined);
  const text = textOf(bundleFileName);
  if (text === undefined) {
    const keys = Object.keys(data).sort().join(', ') || 'none';
    return refused(
      'ConfigMapKeyNotFound',
      `ConfigMap "${name}" of ${field} has no key "${bundleFileName}" (keys: ${keys}): apply it as it was made`,
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBundleBytes) return tooLarge(`ConfigMap "${name}"`, bytes, maxBundleBytes);
  const { map } = mapIn(text, textOf);
  const files = { [bundleFileName]: text, ...(map === undefined ? {} : { [map.name]: map.text }) };
  const held = { text, parts: [{ data: files }], ...(map === undefined ? {} : { map }) };
  return asMade(held, digest, `ConfigMap "${name}" holds`, field);
}

function fromPacked(digest: string, holders: readonly Holder[], field: string): Resolved<Held> {
  const made = unpack(holders, (file) => (file === bundleFileName ? maxBundleBytes : maxSourceMapBytes));
  const text = made.ok ? made.files.get(bundleFileName) : undefined;
  if (!made.ok || text === undefined) {
    const problem = made.ok ? `no part of ${bundleFileName} is in them` : made.problem;
    return refused(
      'SourcePartMissing',
      `${field}.configMaps: ${problem}: apply all of them as they were made, and name them in the order of their parts`,
    );
  }
  const parts = holders.map(({ binaryData = {} }) => ({ binaryData }));
  const held = { text, parts, ...mapIn(text, (name) => made.files.get(name)) };
  return asMade(held, digest, `the ConfigMaps of ${field} hold`, field);
}

function asMade(held: Held, digestWanted: string, where: string, field: string): Resolved<Held> {
  const found = `sha256-${digest(held.text)}`;
  return found === digestWanted ? { ok: true, value: held } : refused(
    'SourceDigestMismatch',
    `${where} code with the digest ${found}, and ${field}.digest wants ${digestWanted}: apply both as they were made`,
  );
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

function tooLarge(where: string, bytes: number, limit: number): ReturnType<typeof refused> {
  return refused(
    'SourceTooLarge',
    `${where} has ${bytes} bytes; a module may have at most ${limit}: bundle less into it`,
  );
}

function refused(reason: Reason, message: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: missing(reason, message) };
}
