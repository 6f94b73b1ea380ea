/** The files of specs a user means: those named, and those of folders named. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isSpec } from '../../operator/cluster/local/files/other-files.ts';
import { exitCodes, Failure, messageOf, systemCode } from '../failure.ts';

/** @throws Failure (usage) for what is not there, and for a folder without a spec */
export async function specFiles(named: readonly string[]): Promise<readonly string[]> {
  return [...new Set((await Promise.all(named.map(specsOf))).flat())];
}

async function specsOf(path: string): Promise<readonly string[]> {
  if (path === '-') return [path];
  const found = await stat(path).catch((error: unknown) => {
    const why = systemCode(error) === 'ENOENT' ? 'is not there: check the path' : `cannot be read: ${messageOf(error)}`;
    throw new Failure(`the spec ${path} ${why}`, exitCodes.usage);
  });
  if (!found.isDirectory()) return [path];
  const specs = (await readdir(path)).filter(isSpec).sort().map((name) => join(path, name));
  if (specs.length > 0) return specs;
  throw new Failure(`there is no spec in ${path}: its name ends in .test.yaml, or name the file`, exitCodes.usage);
}
