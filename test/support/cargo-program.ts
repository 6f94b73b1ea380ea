/** Programs in Rust, built once per content into the cache outside the checkout. */
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheRoot } from './control-plane/cache.ts';
import { CannotBuild, type Progress, runTool, type ToolOptions, toStderr, withProgress } from './control-plane/tool.ts';

/** A crate of ours, with one program of the same name. */
export interface CargoProgram {
  /** Folder of Cargo.toml, Cargo.lock and src/main.rs. */
  readonly dir: string;
  /** Name of the crate and its program, and of the folder in the cache. */
  readonly name: string;
  /** For people who wait: what it is, and how long the build may take. */
  readonly what: string;
  readonly duration: string;
}

/**
 * Path of the program; built first when it is not there.
 * @throws CannotBuild without cargo or the crates it names, or with the compiler's words when the build fails
 */
export async function cargoProgram(
  { dir, name, what, duration }: CargoProgram,
  progress: Progress = toStderr,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/main.rs']) hash.update(await readFile(join(dir, file)));
  const folder = join(cacheRoot(), name, hash.digest('hex').slice(0, 16));
  const target = join(cacheRoot(), name, 'target');
  let stage = 'downloading crates';
  const options: ToolOptions = {
    cwd: dir,
    env: { CARGO_TARGET_DIR: target },
    onLine: (line) => {
      stage = line;
    },
  };
  await buildOnce({
    folder,
    what,
    duration,
    async require() {
      await runTool('cargo', ['--version'], options).catch(() => {
        throw new CannotBuild('Unavailable', 'there is no "cargo" on PATH: install Rust from https://rustup.rs');
      });
      await runTool('cargo', ['fetch', '--locked'], options).catch((error: unknown) => {
        throw new CannotBuild('Unavailable', `the crates of ${what} cannot be had: ${lastLine(error)}`);
      });
    },
    async build(unfinished) {
      await withProgress(progress, () => stage, () => runTool('cargo', ['build', '--release', '--locked'], options));
      await copyFile(join(target, 'release', name), join(unfinished, name));
    },
  }, progress);
  return join(folder, name);
}

function lastLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1)?.trim() ?? '';
}
