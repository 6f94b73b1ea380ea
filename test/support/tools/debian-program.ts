/** Programs out of Debian's packages, without installing them. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheRoot } from '../control-plane/cache.ts';
import { CannotBuild, type Progress, runTool } from '../control-plane/tool.ts';

/** A program in a package. */
export interface DebianProgram {
  readonly name: string;
  readonly package: string;
  /** Its path in the package. */
  readonly program: string;
}

/**
 * Path of the program, in the version this system's package lists name when it is first asked for.
 * @throws CannotBuild without apt-get, or when it cannot get the package
 */
export async function debianProgram(
  { name, package: packageName, program }: DebianProgram,
  progress: Progress,
): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify([process.arch, packageName, program])).digest('hex');
  const folder = join(cacheRoot(), name, key.slice(0, 16));
  await buildOnce({
    folder,
    what: name,
    duration: 'seconds',
    require: requireApt,
    async build(unfinished) {
      const content = join(unfinished, 'content');
      await mkdir(content);
      await download(packageName, content);
      const [archive = ''] = await readdir(content);
      await runTool('dpkg-deb', ['-x', archive, '.'], { cwd: content });
      await rename(join(content, program), join(unfinished, name));
      await rm(content, { recursive: true });
    },
  }, progress);
  return join(folder, name);
}

async function requireApt(): Promise<void> {
  for (const program of ['apt-get', 'dpkg-deb']) {
    await runTool(program, ['--version'], { cwd: '/' }).catch(() => {
      throw new CannotBuild('Unavailable', `there is no "${program}" on PATH: it takes Debian or Ubuntu`);
    });
  }
}

/** A second time with fresh lists, since a version they name may have left the mirror. */
async function download(packageName: string, cwd: string): Promise<void> {
  const get = (): Promise<string> => runTool('apt-get', ['-qq', 'download', packageName], { cwd });
  await get().catch(async () => {
    await runTool('apt-get', ['-qq', 'update'], { cwd });
    await get();
  }).catch((error: unknown) => {
    throw new CannotBuild('Unavailable', `apt-get cannot download ${packageName}: ${String(error)}`);
  });
}
