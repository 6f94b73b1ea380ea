/** Programs of our own in Go, built once per content into the cache outside the checkout. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheRoot } from './control-plane/cache.ts';
import { go, requireGo } from './control-plane/go.ts';
import { buildEnv } from './control-plane/recipe.ts';
import { type Progress, toStderr, withProgress } from './control-plane/tool.ts';

/** The flags of the control plane, so that Go finds compiled what they share. */
const flags = ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', '-ldflags', '-s -w'];

/** A Go main module of one file. */
export interface GoProgram {
  /** Folder of main.go, go.mod and go.sum. */
  readonly dir: string;
  /** Name of the program, and of its folder in the cache. */
  readonly name: string;
  /** For people who wait: what it is, and how long the build may take. */
  readonly what: string;
  readonly duration: string;
}

/**
 * Path of the program; built first when it is not there.
 * @throws CannotBuild when Go is missing or too old, or with the compiler's words when the build fails
 */
export async function goProgram(
  { dir, name, what, duration }: GoProgram,
  progress: Progress = toStderr,
): Promise<string> {
  const files = await Promise.all(['main.go', 'go.mod', 'go.sum'].map((file) => readFile(join(dir, file), 'utf8')));
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, flags, buildEnv, files]))
    .digest('hex').slice(0, 16);
  const folder = join(cacheRoot(), name, hash);
  const [, minimumGo = ''] = /^go (\d+\.\d+)/m.exec(files[1] ?? '') ?? [];
  const inModule = { cwd: dir, env: buildEnv };
  let stage = 'downloading modules';
  const build = (unfinished: string): Promise<string> =>
    go(['build', '-v', ...flags, '-o', join(unfinished, name), '.'], {
      ...inModule,
      onLine: (line) => {
        stage = line;
      },
    });
  await buildOnce({
    folder,
    what,
    duration,
    require: () => requireGo(minimumGo, inModule),
    build: async (unfinished) => {
      await withProgress(progress, () => stage, () => build(unfinished));
    },
  }, progress);
  return join(folder, name);
}
