/** Where this command line's own files are: in a checkout of the sources, or in the package that npm installed. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.ts';

const thisFile = fileURLToPath(import.meta.url);
const packageFolder = folderWith('package.json', dirname(thisFile));

/** Stands for the image's `/redisworker`, with what pods run: the sources, or in a package what was made of them. */
export const imageRoot = thisFile.endsWith('.ts') ? packageFolder : join(packageFolder, 'lib');

/** The program that resolves code from elsewhere. */
export const resolverProgram = thisFile.endsWith('.ts')
  ? join(packageFolder, 'operator/code/resolve-main.ts')
  : join(imageRoot, 'resolve.js');

/** What a module that imports `redisworker` is checked against. */
export function runtimeTypes(): string {
  return join(imageRoot, 'worker', thisFile.endsWith('.ts') ? 'mod.ts' : 'mod.d.ts');
}

/**
 * The Deno that was installed with this package, wherever npm has put it and whether or not its install script ran.
 * @throws Failure when there is none
 */
export function denoPath(): string {
  const deno = folderOf('deno', packageFolder);
  const libc = process.platform === 'linux' ? '-glibc' : '';
  const binary = deno && folderOf(`@deno/${process.platform}-${process.arch}${libc}`, deno);
  const path = [binary, deno].flatMap((folder) => folder ? [join(folder, 'deno')] : []).find((file) =>
    existsSync(file)
  );
  if (path !== undefined) return path;
  throw new Failure(
    `Deno, which runs the workers, was not installed with ${packageFolder}: install it again without "--omit=optional"; for ${process.platform} on ${process.arch}, or a Linux without glibc such as Alpine, there may be none`,
  );
}

function folderOf(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(join(from, 'package.json')).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function folderWith(file: string, folder: string): string {
  const above = dirname(folder);
  return above === folder || existsSync(join(folder, file)) ? folder : folderWith(file, above);
}
