/** Finds the text of a worker's module. */
import { maxSourceBytes } from '../../../contract/limits.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { digest } from '../model/names.ts';
import type { Source } from '../model/observed.ts';
import { missing, type Resolved } from '../model/problem.ts';
import { unsupportedSource } from '../model/unsupported.ts';

/**
 * The source of a spec.
 * @param configMap the ConfigMap `spec.source.configMap` names; undefined when there is none
 */
export function resolveSource(source: RedisWorkerSpec['source'], configMap: KubeObject | undefined): Resolved<Source> {
  if (source.inline !== undefined) return checked(source.inline, 'spec.source.inline');
  if (source.configMap === undefined) return { ok: false, problem: unsupportedSource(source) };
  const { name, key } = source.configMap;
  if (!configMap) {
    return {
      ok: false,
      problem: missing(
        'ConfigMapNotFound',
        `ConfigMap "${name}" of spec.source.configMap does not exist: create it with the module under key "${key}"`,
      ),
    };
  }
  const data = (configMap.data ?? {}) as Record<string, string>;
  const text = data[key];
  const binary = (configMap['binaryData'] ?? {}) as Record<string, string>;
  if (text === undefined && Object.hasOwn(binary, key)) {
    return {
      ok: false,
      problem: missing(
        'ConfigMapKeyNotText',
        `key "${key}" of ConfigMap "${name}" is binary, and a module is text: save it as UTF-8 and put it below data instead of binaryData`,
      ),
    };
  }
  if (text === undefined) {
    const keys = Object.keys(data).sort().join(', ') || 'none';
    return {
      ok: false,
      problem: missing(
        'ConfigMapKeyNotFound',
        `ConfigMap "${name}" has no key "${key}" (keys: ${keys}): name one of them in spec.source.configMap.key, or add it`,
      ),
    };
  }
  return checked(text, `key "${key}" of ConfigMap "${name}"`);
}

function checked(text: string, where: string): Resolved<Source> {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxSourceBytes) {
    return {
      ok: false,
      problem: missing(
        'SourceTooLarge',
        `${where} has ${bytes} bytes; a module may have at most ${maxSourceBytes}: bundle less into it`,
      ),
    };
  }
  if (text.trim() === '') {
    return { ok: false, problem: missing('SourceEmpty', `${where} is empty: put the worker's module there`) };
  }
  return { ok: true, value: { text, bytes, digest: `sha256-${digest(text)}` } };
}
