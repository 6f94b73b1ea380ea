/** Builders of workers for tests: `worker('w', withCount(2), withNet('api:443'))`. */
import type { KubeObject } from '../../operator/cluster/cluster.ts';

type Spec = Record<string, unknown>;
type Change = (spec: Spec) => Spec;

/** A RedisWorker named `name` in namespace `default` that echoes, changed by `changes` in their order. */
export function worker(name: string, ...changes: Change[]): KubeObject {
  const spec = changes.reduce<Spec>((so, change) => change(so), { source: { inline: echo } });
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'default' },
    spec,
  };
}

/** A worker of shared scripts. */
export function hatsWorker(name: string, fields: Spec = {}): KubeObject {
  return { ...worker(name), spec: { runtime: 'Hats', hats: {}, ...fields } };
}

/** A handler that answers with what it was asked. */
export const echo = 'export default (request: { data: unknown }) => ({ echo: request.data });\n';

/** Consumers "1" to the count. */
export const withCount = (count: number): Change => (spec) => ({ ...spec, consumers: { count } });
/** Consumers by name. */
export const withIds = (...ids: string[]): Change => (spec) => ({ ...spec, consumers: { ids } });
/** Allow-net entries. */
export const withNet = (...net: string[]): Change => (spec) => ({ ...spec, permissions: { net } });
/** The module's text. */
export const withInline = (inline: string): Change => (spec) => ({ ...spec, source: { inline } });
/** Any other fields of the spec. */
export const withSpec = (fields: Spec): Change => (spec) => ({ ...spec, ...fields });
