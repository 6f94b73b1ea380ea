/** A password of the operator's default Redis, in a file that is replaced while it runs. */
import { withoutLineEnds } from '../contract/secrets.ts';
import { type FileReading, type Followed, followedFiles, readNamedFile } from './followed-files.ts';

/** The flags that name such files. */
export type PasswordFlag = '--redis-password-file' | '--redis-sentinel-password-file';

/**
 * @param everyMs how often the file is looked at
 * @throws Error with a sentence when it cannot be read at the start
 */
export function defaultRedisPassword(flag: PasswordFlag, file: string, everyMs?: number): Followed<string> {
  return followedFiles(() => readPassword(flag, file), everyMs);
}

function readPassword(flag: PasswordFlag, file: string): FileReading<string> {
  const read = readNamedFile(flag, file);
  if (!read.ok) return read;
  const value = withoutLineEnds(read.value);
  return value === '' ? { ok: false, problem: `${flag}: ${file} is empty` } : { ok: true, value };
}
