/** Builds worker/rhai/engine into WebAssembly: the same bytes from the same sources, on whichever machine. */
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildOnce, cacheRoot } from '../control-plane/cache.ts';
import { type Progress, runTool, toStderr, withProgress } from '../control-plane/tool.ts';
import { type Prepared, prepared } from './prepare-engine.ts';
import { type RustToolchain, rustToolchain } from './toolchain.ts';

/** Folder of the crate. */
export const crateFolder = fileURLToPath(new URL('../../../worker/rhai/engine', import.meta.url));

const target = 'wasm32-unknown-unknown';

/** Memory it is built with: 4 MiB of stack, its data, and room. */
const [initialBytes, pageBytes] = [8 << 20, 64 << 10];

/**
 * The engine, built from the sources as they are; kept in the cache by what they are.
 * @throws CannotBuild when this machine cannot build it, with the reason
 */
export async function buildEngine(progress: Progress = toStderr): Promise<Prepared> {
  const folder = join(cacheRoot(), 'rhai-engine', await digestOfSources());
  const file = join(folder, 'engine.wasm');
  let toolchain: RustToolchain | undefined;
  await buildOnce({
    folder,
    what: 'the Rhai engine',
    duration: '2 minutes on 2 cores',
    async require() {
      toolchain = await rustToolchain(progress);
    },
    async build(unfinished) {
      if (toolchain === undefined) throw new Error('the compiler was not asked for');
      await compile(toolchain, progress, join(unfinished, 'engine.wasm'));
    },
  }, progress);
  return await prepared(new Uint8Array(await readFile(file)), initialBytes / pageBytes);
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(crateFolder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  for (
    const file of [
      ...files,
      ...['build-engine.ts', 'toolchain.ts'].map((name) => join(import.meta.dirname, name)),
    ]
  ) {
    hash.update(file.slice(file.lastIndexOf('/'))).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

async function compile(toolchain: RustToolchain, progress: Progress, to: string): Promise<void> {
  const { cargo, environment } = toolchain;
  const build = join(cacheRoot(), 'rhai-engine', 'target');
  let stage = 'downloading crates';
  const options = {
    cwd: crateFolder,
    env: { ...environment, CARGO_TARGET_DIR: build, CONST_RANDOM_SEED: 'rhai-engine' },
    onLine: (line: string) => {
      stage = line;
    },
  };
  await runTool(cargo, ['fetch', '--locked', '--target', target], options);
  const flags = { [`CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_RUSTFLAGS`]: await rustFlags(toolchain) };
  const args = ['build', '--release', '--locked', '-Z', 'build-std=std,panic_abort', '--target', target];
  await withProgress(
    progress,
    () => stage,
    () => runTool('nice', [cargo, ...args], { ...options, env: { ...options.env, ...flags } }),
  );
  await copyFile(join(build, target, 'release', 'rhai_engine.wasm'), to);
}

/** 4 MiB of stack let every script reach Rhai's 64 call levels; no path of this machine is left in the bytes. */
async function rustFlags({ root }: RustToolchain): Promise<string> {
  const registry = join(env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'registry/src');
  const sources = await readdir(registry);
  return [
    '-C link-arg=--import-memory',
    `-C link-arg=--initial-memory=${initialBytes}`,
    '-C link-arg=-zstack-size=4194304',
    '-C link-arg=--export=__heap_base',
    '-C link-arg=--export=__stack_pointer',
    `--remap-path-prefix=${crateFolder}=/engine`,
    `--remap-path-prefix=${root}=/toolchain`,
    ...sources.map((source) => `--remap-path-prefix=${join(registry, source)}=/crates`),
  ].join(' ');
}
