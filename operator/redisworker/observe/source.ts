/** Finds the text of a worker's module. */
import { maxBundleBytes, maxSourceBytes } from '../../../contract/limits.ts';
import { bundleFileName, sourceFileName } from '../../../contract/pod.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { digest } from '../model/names.ts';
import type { Source } from '../model/observed.ts';
import { missing, type Resolved } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import { unsupportedSource } from '../model/unsupported.ts';

/**
 * The source of a spec.
 * @param configMap the ConfigMap the spec names; undefined when there is none
 */
export function resolveSource(source: RedisWorkerSpec['source'], configMap: KubeObject | undefined): Resolved<Source> {
  if (source.inline !== undefined) return module(source.inline, 'spec.source.inline');
  if (source.configMap !== undefined) return fromConfigMap(source.configMap, configMap);
  if (source.bundle !== undefined) return fromBundle(source.bundle, configMap);
  return { ok: false, problem: unsupportedSource(source) };
}

function fromConfigMap(
  { name, key }: NonNullable<RedisWorkerSpec['source']['configMap']>,
  configMap: KubeObject | undefined,
): Resolved<Source> {
  if (!configMap) {
    return refused(
      'ConfigMapNotFound',
      `ConfigMap "${name}" of spec.source.configMap does not exist: create it with the module under key "${key}"`,
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
      `ConfigMap "${name}" has no key "${key}" (keys: ${keys}): name one of them in spec.source.configMap.key, or add it`,
    );
  }
  return module(text, `key "${key}" of ConfigMap "${name}"`);
}

/** The last line of bundled code names its source map. */
const mapOf = /\n\/\/# sourceMappingURL=([0-9a-f]{12}\.map)\n$/;

function fromBundle(
  { digest: expected, configMaps: [name = ''] }: NonNullable<RedisWorkerSpec['source']['bundle']>,
  configMap: KubeObject | undefined,
): Resolved<Source> {
  if (!configMap) {
    return refused(
      'ConfigMapNotFound',
      `ConfigMap "${name}" of spec.source.bundle does not exist: apply it together with this manifest`,
    );
  }
  const { text, keys } = textIn(configMap, bundleFileName);
  if (text === undefined) {
    return refused(
      'ConfigMapKeyNotFound',
      `ConfigMap "${name}" of spec.source.bundle has no key "${bundleFileName}" (keys: ${keys}): apply it as it was made`,
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBundleBytes) return tooLarge(`ConfigMap "${name}"`, bytes, maxBundleBytes);
  const found = `sha256-${digest(text)}`;
  if (found !== expected) {
    return refused(
      'SourceDigestMismatch',
      `ConfigMap "${name}" holds code with the digest ${found}, and spec.source.bundle.digest wants ${expected}: apply both as they were made`,
    );
  }
  const mapName = mapOf.exec(text)?.[1];
  const map = mapName === undefined ? undefined : textIn(configMap, mapName).text;
  return {
    ok: true,
    value: {
      text,
      fileName: bundleFileName,
      bytes,
      digest: found,
      ...(mapName === undefined || map === undefined ? {} : { map: { name: mapName, text: map } }),
    },
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
  return { ok: true, value: { text, fileName: sourceFileName, bytes, digest: `sha256-${digest(text)}` } };
}

function tooLarge(where: string, bytes: number, limit: number): Resolved<Source> {
  return refused(
    'SourceTooLarge',
    `${where} has ${bytes} bytes; a module may have at most ${limit}: bundle less into it`,
  );
}

function refused(reason: Reason, message: string): Resolved<Source> {
  return { ok: false, problem: missing(reason, message) };
}
