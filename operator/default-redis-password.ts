/** The password of the operator's default Redis, in a file that is replaced while it runs. */
import { withoutLineEnds } from '../contract/secrets.ts';
import { type FileReading, type Followed, followedFiles, readNamedFile } from './followed-files.ts';

const flag = '--redis-password-file';

/**
 * @param everyMs how often the file is looked at
 * @throws Error with a sentence when it cannot be read at the start
 */
export function defaultRedisPassword(file: string, everyMs?: number): Followed<string> {
  return followedFiles(() => readPassword(file), everyMs);
}

function readPassword(file: string): FileReading<string> {
  const read = readNamedFile(flag, file);
  if (!read.ok) return read;
  const value = withoutLineEnds(read.value);
  return value === '' ? { ok: false, problem: `${flag}: ${file} is empty` } : { ok: true, value };
}
