/** What Deno and Node need of a system, out of Debian packages; they are kept in a cache outside the checkout. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageFile } from './file.ts';
import type { Platform } from './platform.ts';
import { CannotBuildImage, run } from './run.ts';
import { readTar } from './tar.ts';

/** A package as it was found. */
export interface DebianPackage {
  readonly name: string;
  /** With epoch and revision, as in `2.36-9+deb12u14`. */
  readonly version: string;
  /** `amd64`, or `all`. */
  readonly architecture: string;
  /** `<name>_<version>_<architecture>.deb` */
  readonly fileName: string;
  /** Hex digest of the file. */
  readonly sha256: string;
  /** What the image takes of it. */
  readonly files: readonly ImageFile[];
}

/** What an image needs, by the program it is for. */
export const packagesOf = {
  deno: ['ca-certificates', 'libc6', 'libgcc-s1'],
  node: ['ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6'],
} as const;

/** Where the packages stay between builds. */
export function packageCache(environment: NodeJS.ProcessEnv = process.env): string {
  return join(
    environment['REDISWORKER_CACHE'] ?? join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redisworker'),
    'debian',
  );
}

/**
 * The packages in the versions this system's package lists name; downloaded when the cache lacks them.
 * @throws CannotBuildImage without apt-get, or when it cannot get them
 */
export async function debianPackages(
  platform: Platform,
  packages: readonly string[],
  cache = packageCache(),
): Promise<DebianPackage[]> {
  await mkdir(cache, { recursive: true });
  const names = await candidates(packages);
  if (!names.every((name) => existsSync(join(cache, name)))) await download(packages, cache);
  return await Promise.all(names.map((name) => readPackage(join(cache, name), name, platform)));
}

/** File names of the versions apt-get would install. */
async function candidates(packages: readonly string[]): Promise<string[]> {
  const elsewhere = await mkdtemp(join(tmpdir(), 'redisworker-debian-')); // apt-get names no file that lies there already
  try {
    const lines = await aptGet(['download', '--print-uris'], packages, elsewhere);
    const names = [...lines.matchAll(/^'[^']+' (\S+\.deb) /gm)].map(([, name = '']) => name).sort();
    if (names.length !== packages.length) {
      throw new CannotBuildImage(
        `apt-get knows ${names.length} of the packages ${packages.join(', ')}; run "apt-get update"`,
      );
    }
    return names;
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}

/** Each file comes into the cache whole: a download cut short is never taken for a package. */
async function download(packages: readonly string[], cache: string): Promise<void> {
  const folder = await mkdtemp(join(cache, 'download-'));
  try {
    await aptGet(['download'], packages, folder);
    for (const name of await readdir(folder)) await rename(join(folder, name), join(cache, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function aptGet(args: readonly string[], packages: readonly string[], cwd: string): Promise<string> {
  try {
    return (await run('apt-get', ['-qq', ...args, ...packages], { cwd })).toString();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CannotBuildImage(
      `the packages ${
        packages.join(', ')
      } come from Debian or Ubuntu by apt-get (${reason}); build there, or use "docker build -f images/Dockerfile ." elsewhere`,
      { cause },
    );
  }
}

async function readPackage(file: string, fileName: string, platform: Platform): Promise<DebianPackage> {
  const sha256 = createHash('sha256').update(await readFile(file)).digest('hex');
  const archive = await run('dpkg-deb', ['--fsys-tarfile', file]);
  const files = await readTar(archive, (path) => isWanted(path, platform));
  const [name = '', version = '', architecture = ''] = fileName.replace(/\.deb$/, '').split('_').map(
    decodeURIComponent,
  );
  return { name, version, architecture, fileName, sha256, files: withOneCertificateFile(files) };
}

const libraries = ['c', 'm', 'dl', 'rt', 'pthread', 'resolv', 'nss_dns', 'nss_files', 'gcc_s', 'stdc\\+\\+'].map((
  name,
) => `lib${name}`).join('|');
const certificates = 'usr/share/ca-certificates/mozilla/';

function isWanted(path: string, { triple }: Platform): boolean {
  const library = new RegExp(`^(usr/)?lib(64)?/(${triple}/)?(${libraries}|ld-linux-[-a-z0-9]+)\\.so(\\.\\d+)+$`);
  return library.test(path) || path.startsWith(certificates) || /^usr\/share\/doc\/[^/]+\/copyright$/.test(path);
}

/** The authorities as update-ca-certificates writes them: one file. */
function withOneCertificateFile(files: readonly ImageFile[]): ImageFile[] {
  const authorities = files.filter((file) => file.kind === 'file' && file.path.startsWith(certificates)).sort((
    a,
    b,
  ) => (a.path < b.path ? -1 : 1));
  if (authorities.length === 0) return [...files];
  const content = Buffer.concat(authorities.map((file) => ('content' in file ? file.content : new Uint8Array())));
  return [...files.filter((file) => !authorities.includes(file)), {
    kind: 'file',
    path: 'etc/ssl/certs/ca-certificates.crt',
    content,
  }];
}
