/** How a process ends whose place is another's. */
import { FatalError } from './fatal.ts';

/** Somebody changed or removed the pid, or the hash is gone. */
export function fenced(hashKey: string): FatalError {
  return new FatalError(
    'fenced',
    `the field "pid" of ${hashKey} was changed or removed, so this process stops; a new one starts by itself`,
  );
}
