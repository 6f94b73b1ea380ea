/** A prelude in Rhai that is a file: it imports nothing, and is taken as it is. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { maxSourceBytes } from '../../contract/limits.ts';
import type { BundleOutcome } from './bundle.ts';
import { nameFrom } from './name-from.ts';

/** How the name of such a file ends. */
const preludeEnd = '.rhai';

/** Whether a file is one. */
export function isPrelude(path: string): boolean {
  return path.endsWith(preludeEnd);
}

/** The text of the file at an absolute path. @param namedFrom folder that it is named from in what is said about it */
export async function readPrelude(path: string, namedFrom: string): Promise<BundleOutcome> {
  const files = [path];
  const refused = (problem: string): BundleOutcome => ({ ok: false, problem, files });
  const name = nameFrom(namedFrom, path);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return refused(`there is no file ${name}: check the path`);
  if (found.size > maxSourceBytes) {
    return refused(`${name} has ${found.size} bytes, and a prelude may have ${maxSourceBytes}`);
  }
  const code = await readFile(path, 'utf8');
  if (code.trim() === '') return refused(`${name} is empty: write the prelude, or leave out spec.source`);
  const digest = `sha256-${createHash('sha256').update(code).digest('hex')}`;
  return { ok: true, files, bundle: { code, bytes: found.size, digest, map: '', mapName: '', modules: 1 } };
}
