/** Whose code a bundle carries, with the licences that have to go with it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * One text for all packages.
 * @param packages folders below the project: `node_modules/pino`
 * @throws Error for a package that does not tell its licence
 */
export async function notices(packages: readonly string[]): Promise<string> {
  const parts = await Promise.all([...new Set(packages)].sort().map(notice));
  return `The files beside this one carry code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

async function notice(folder: string): Promise<string> {
  const about = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  if (about.license === undefined) throw new Error(`${folder} names no licence in its package.json`);
  const files = (await readdir(join(root, folder))).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(root, folder, file), 'utf8')));
  return [`${about.name} ${about.version} (${about.license})`, ...texts.map((text) => text.trim()), ''].join('\n\n');
}
