/** Fields the API has and this version does not carry out yet: each is told by name, never passed over. */
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import { type Problem, terminal } from './problem.ts';

/** What is wrong with a source that is neither in the manifest nor in a ConfigMap. */
export function unsupportedSource({ url, file }: Pick<RedisWorkerSpec['source'], 'url' | 'file'>): Problem {
  if (file !== undefined) {
    return terminal(
      'SourceIsLocal',
      `spec.source.file names ${file} on the disk of whoever wrote the manifest, which only "redisworker up" can read: apply what "redisworker build MANIFEST" prints instead of the manifest`,
    );
  }
  return notSupported(
    url === undefined ? 'spec.source.release' : 'spec.source.url',
    'bundle the module and give it in spec.source.inline or spec.source.configMap',
  );
}

function notSupported(field: string, instead: string): Problem {
  return terminal('NotSupported', `${field} is not supported by this version: ${instead}`);
}
