/** Newer servers than a distribution's own: where their sources are, how they are built and where the result is kept. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheRoot } from '../control-plane/cache.ts';

/** Servers that can be built. */
export const serverNames = ['redis-8.6.3', 'valkey-9.1.2'] as const;

/** One of them. */
export type ServerName = (typeof serverNames)[number];

/** How one server is built. */
export interface Recipe {
  readonly name: ServerName;
  /** Package of the source, below `pool/main/` of a Debian mirror. */
  readonly path: string;
  /** Of the package; Debian's signed index names the same. */
  readonly sha256: string;
  /** Path of the program in the built source. */
  readonly program: string;
  /** Where the finished program lies: `<cache>/<name>-<hash>`; the hash changes with anything that shapes it. */
  readonly buildDir: string;
}

/** Arguments of `make`: no TLS and the allocator of the system, so that a compiler is all it takes. */
export const makeArgs = ['BUILD_TLS=no', 'MALLOC=libc', 'OPTIMIZATION=-O1'] as const;

const sources: Readonly<Record<ServerName, Pick<Recipe, 'path' | 'sha256' | 'program'>>> = {
  'redis-8.6.3': {
    path: 'r/redis/redis_8.6.3.orig.tar.gz',
    sha256: '58d0d1eb49a1ea6c2179659707fec171b1e2e2b8d5157ed2ec59d1d66ad5a654',
    program: 'src/redis-server',
  },
  'valkey-9.1.2': {
    path: 'v/valkey/valkey_9.1.2.orig.tar.gz',
    sha256: '8e8557da7426a51b4e0fb514a65ef6241dc7c85cb408243af389070abf379cec',
    program: 'src/valkey-server',
  },
};

/** The recipe of a server, for this kind of machine. */
export function recipeOf(name: ServerName): Recipe {
  const source = sources[name];
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, source, makeArgs])).digest(
    'hex',
  ).slice(0, 16);
  return { name, ...source, buildDir: join(cacheRoot(), `${name}-${hash}`) };
}
