/** What is read from files that are replaced while the operator runs, as the kubelet does it. */
import { readFileSync } from 'node:fs';
import type { Clock } from './clock.ts';

/** What the files hold, or the sentence that says what is wrong with which of them; it quotes none. */
export type FileReading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** The value as it is now. */
export interface Followed<T> {
  current(): T;
  /** Told after each change, and why files that changed are not used: the last good ones stay. */
  follow(clock: Clock, told: { changed(): void; problem(sentence: string): void }): { stop(): void };
}

/**
 * Reads files now, and again as they are followed.
 * @param everyMs how often they are looked at; the kubelet takes longer to replace them
 * @throws Error with a sentence when they cannot be used at the start
 */
export function followedFiles<T>(read: () => FileReading<T>, everyMs = 10_000): Followed<T> {
  const first = read();
  if (!first.ok) throw new Error(first.problem);
  let current = first.value;
  return {
    current: () => current,
    follow(clock, told) {
      let cancel = (): void => undefined;
      let toldOf: string | undefined;
      const look = (): void => {
        const found = read();
        if (!found.ok && found.problem !== toldOf) told.problem(found.problem);
        toldOf = found.ok ? undefined : found.problem;
        if (found.ok && JSON.stringify(found.value) !== JSON.stringify(current)) {
          current = found.value;
          told.changed();
        }
        cancel = clock.after(everyMs, look);
      };
      cancel = clock.after(everyMs, look);
      return { stop: () => cancel() };
    },
  };
}

/** A value that is in no file. */
export function unchanging<T>(value: T): Followed<T> {
  return { current: () => value, follow: () => ({ stop: () => undefined }) };
}

/** The text of the file that `flag` names. */
export function readNamedFile(flag: string, file: string): FileReading<string> {
  try {
    return { ok: true, value: readFileSync(file, 'utf8') };
  } catch (error) {
    return { ok: false, problem: `${flag}: ${file} cannot be read: ${(error as Error).message}` };
  }
}
