/** Text a user names by its file. */
import { readFile } from 'node:fs/promises';
import { exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';

/** The text of a file, or for `-` of standard input. @throws Failure (usage) when there is no such file */
export async function textOf(file: string, io: Io): Promise<string> {
  if (file === '-') return await io.input();
  return await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure(`the file ${file} cannot be read: ${messageOf(error)}`, exitCodes.usage, { cause: error });
  });
}
