/** Rhai as a native program, built once into the cache: what engine and worker are held against. */
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, cacheRoot } from '../control-plane/cache.ts';
import { CannotBuild, type Progress, runTool, toStderr, withProgress } from '../control-plane/tool.ts';

const folder = fileURLToPath(new URL('../../../bench/rhai/native', import.meta.url));

/** Path of the program. @throws CannotBuild without cargo, or with its words */
export async function nativeRhai(progress: Progress = toStderr): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/main.rs']) hash.update(await readFile(join(folder, file)));
  const built = join(cacheRoot(), 'rhai-native', hash.digest('hex').slice(0, 16));
  let stage = 'downloading crates';
  const options = {
    cwd: folder,
    env: { CARGO_TARGET_DIR: join(cacheRoot(), 'rhai-native', 'target') },
    onLine: (line: string) => {
      stage = line;
    },
  };
  await buildOnce({
    folder: built,
    what: 'Rhai as a native program',
    duration: 'a minute on 2 cores',
    async require() {
      await runTool('cargo', ['--version'], options).catch(() => {
        throw new CannotBuild('Unavailable', 'there is no "cargo" on PATH: install Rust from https://rustup.rs');
      });
    },
    async build(unfinished) {
      await withProgress(progress, () => stage, () => runTool('cargo', ['build', '--release', '--locked'], options));
      await copyFile(join(cacheRoot(), 'rhai-native', 'target/release/rhai-native'), join(unfinished, 'rhai-native'));
    },
  }, progress);
  return join(built, 'rhai-native');
}
