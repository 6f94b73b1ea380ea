/**
 * A Rust compiler that builds for WebAssembly, out of Debian's packages: compiler and sources of the standard library are
 * of one version there, and rustup has no such library for everybody. Nothing is installed.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheRoot } from '../control-plane/cache.ts';
import { CannotBuild, type Progress, runTool } from '../control-plane/tool.ts';

/** Of Debian 12, where it changes no more. */
const rust = '1.85.0+dfsg3-1~deb12u3';

const packages = [
  `rustc-web=${rust}`,
  `cargo-web=${rust}`,
  `rust-web-src=${rust}`,
  `libstd-rust-web-dev=${rust}`,
  `libstd-rust-web-1.85=${rust}`,
  'lld-19=1:19.1.7-3~deb12u1',
  'libllvm19=1:19.1.7-3~deb12u1',
  'libhttp-parser2.9',
  'libpcre3',
];

/** Where the programs are, and what they are run with. */
export interface RustToolchain {
  readonly root: string;
  readonly cargo: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The compiler; its packages are downloaded first when they are not there.
 * @throws CannotBuild with what this machine lacks
 */
export async function rustToolchain(progress: Progress): Promise<RustToolchain> {
  const key = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 16);
  const folder = join(cacheRoot(), 'rust-wasm', key);
  await buildOnce({
    folder,
    what: 'a Rust compiler for WebAssembly',
    duration: 'half a minute, 140 MB to download',
    require: requireDebian,
    async build(unfinished) {
      const archives = join(unfinished, 'archives');
      await mkdir(archives);
      await download(archives);
      for (const archive of await readdir(archives)) {
        await runTool('dpkg-deb', ['-x', join(archives, archive), unfinished], { cwd: unfinished });
      }
      await rm(archives, { recursive: true });
    },
  }, progress);
  const bin = join(folder, 'usr/bin');
  return {
    root: folder,
    cargo: join(bin, 'cargo'),
    environment: {
      LD_LIBRARY_PATH: [join(folder, 'usr/lib/x86_64-linux-gnu'), join(folder, 'lib/x86_64-linux-gnu')].join(':'),
      RUSTC: join(bin, 'rustc'),
      RUSTC_BOOTSTRAP: '1',
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: join(bin, 'wasm-ld-19'),
    },
  };
}

async function requireDebian(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new CannotBuild('Unavailable', 'the compiler it takes is one for Linux on x64');
  }
  for (const program of ['apt-get', 'dpkg-deb']) {
    await runTool(program, ['--version'], { cwd: '/' }).catch(() => {
      throw new CannotBuild('Unavailable', `there is no "${program}" on PATH: it takes Debian 12`);
    });
  }
}

/** A second time with fresh lists, since a version they name may have left the mirror. */
async function download(cwd: string): Promise<void> {
  const get = (): Promise<string> => runTool('apt-get', ['-qq', 'download', ...packages], { cwd });
  await get().catch(async () => {
    await runTool('apt-get', ['-qq', 'update'], { cwd });
    await get();
  }).catch((error: unknown) => {
    throw new CannotBuild('Unavailable', `apt-get cannot download Rust of Debian 12: ${String(error)}`);
  });
}
