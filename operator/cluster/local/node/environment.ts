/** The environment variables of a container: exactly what its pod lists. */
import type { KubeObject } from '../../cluster.ts';
import type { ConfigRef, ConfigSource } from './config-source.ts';
import type { EnvVar, FieldPath } from './pod.ts';
import { expandVariables, type Places, rewriteText } from './rewrite.ts';

/** Address of every pod of this node: there are no pod networks here. */
export const podIP = '127.0.0.1';

/**
 * Resolves the variables in order; plain values may use earlier ones as `$(NAME)`. Values of Secrets and
 * ConfigMaps are passed on as they are.
 * @throws ContainerConfigError for a missing object or key
 */
export async function readEnvironment(
  variables: readonly EnvVar[],
  pod: KubeObject,
  places: Places,
  config: ConfigSource,
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const { name, value, valueFrom } of variables) {
    const resolved = valueFrom === undefined
      ? expandVariables(rewriteText(value ?? '', places), result)
      : await readReference(valueFrom, pod, config);
    if (resolved !== undefined) result[name] = resolved;
  }
  return result;
}

async function readReference(
  { fieldRef, secretKeyRef, configMapKeyRef }: NonNullable<EnvVar['valueFrom']>,
  pod: KubeObject,
  config: ConfigSource,
): Promise<string | undefined> {
  if (fieldRef !== undefined) return fieldOf(pod, fieldRef.fieldPath);
  const key = secretKeyRef ?? configMapKeyRef;
  if (key === undefined) return undefined;
  const ref: ConfigRef = { kind: secretKeyRef ? 'Secret' : 'ConfigMap', name: key.name, optional: key.optional };
  return (await config.readKey(ref, key.key))?.toString();
}

function fieldOf({ metadata, spec }: KubeObject, path: FieldPath): string {
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'spec.nodeName':
      return (spec as { nodeName?: string }).nodeName ?? '';
    case 'status.podIP':
    case 'status.hostIP':
      return podIP;
  }
}
