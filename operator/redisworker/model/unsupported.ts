/** Sources that are not within the reach of a cluster. */
import { type Problem, terminal } from './problem.ts';

/** What is wrong with a module on a disk. @param file its path in the manifest. @param field where that names it */
export function fileOnDisk(file: string, field = 'spec.source.file'): Problem {
  return terminal(
    'SourceIsLocal',
    `${field} names ${file} on the disk of whoever wrote the manifest, which only "redisworker up" can read: apply what "redisworker build MANIFEST" prints instead of the manifest`,
  );
}
