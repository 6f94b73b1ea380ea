/** Reads what ConfigMaps hold of code that was bundled. Pure. */
import { maxBundleBytes, maxSourceMapBytes } from '../../../contract/limits.ts';
import type { BundledMap } from '../../../contract/modules.ts';
import { bundleFileName } from '../../../contract/pod.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { type Holder, isPacked, type Part, unpack } from '../../code/pack.ts';
import { digest } from '../model/names.ts';
import { missing, type Problem, type Resolved } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';

/** What ConfigMaps are said to hold. */
export type Bundle = NonNullable<RedisWorkerSpec['source']['bundle']>;

/** What they do hold. */
export interface Held {
  readonly text: string;
  readonly map?: BundledMap;
  readonly parts: readonly Part[];
}

/**
 * The code of a bundle, when it is there as it was made.
 * @param configMaps those the bundle names, in its order; undefined where there is none
 * @param field where the spec names them
 */
export function heldOf(bundle: Bundle, configMaps: readonly (KubeObject | undefined)[], field: string): Resolved<Held> {
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

/** Of code that is too long. @param where it is */
export function tooLarge(where: string, bytes: number, limit: number): ReturnType<typeof refused> {
  return refused(
    'SourceTooLarge',
    `${where} has ${bytes} bytes; a module may have at most ${limit}: bundle less into it`,
  );
}

/** Of code that has to appear first, or in another form. */
export function refused(reason: Reason, message: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: missing(reason, message) };
}
