/** Fields the API has and this version does not carry out yet: each is told by name, never passed over. */
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import { type Problem, terminal } from './problem.ts';

interface Unsupported {
  readonly field: string;
  readonly used: (spec: RedisWorkerSpec) => boolean;
  readonly instead: string;
}

const fields: readonly Unsupported[] = [
  {
    field: 'spec.consumers.autoscale',
    used: ({ consumers }) => consumers.autoscale !== undefined,
    instead: 'give spec.consumers.count and scale it with kubectl scale or an autoscaler',
  },
];

/** One problem per unsupported field a spec uses; a source of another kind tells its own when it is resolved. */
export function unsupportedFields(spec: RedisWorkerSpec): Problem[] {
  return fields.filter(({ used }) => used(spec)).map(({ field, instead }) => notSupported(field, instead));
}

/** What is wrong with a source that is neither in the manifest nor in a ConfigMap. */
export function unsupportedSource({ url }: RedisWorkerSpec['source']): Problem {
  return notSupported(
    url === undefined ? 'spec.source.release' : 'spec.source.url',
    'bundle the module and give it in spec.source.inline or spec.source.configMap',
  );
}

function notSupported(field: string, instead: string): Problem {
  return terminal('NotSupported', `${field} is not supported by this version: ${instead}`);
}
