/** Fills Deno's cache for our own files, so that a pod's first start is as quick as its second. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { imageRoot, scratchMount, v8Flags } from '../contract/pod.ts';
import { entries } from './bundle.ts';
import { denoDir, workerConfiguration } from './configuration.ts';
import type { ImageFile } from './file.ts';
import { CannotBuildImage, run } from './run.ts';
import { unpack } from './unpack.ts';

/** Loads an entry and stops it where it would begin to work: it finds no arguments, and cannot end the process. */
const load = (entry: string) => `Deno.exit = () => {}; await import('file://${imageRoot}/${entry}');`;

/**
 * Runs each entry once inside the files, at the paths they will have: Deno's cache goes by path.
 * @returns the cache's files
 * @throws CannotBuildImage when this user may not change its root folder
 */
export async function warmCache(files: readonly ImageFile[]): Promise<ImageFile[]> {
  const root = await mkdtemp(join(tmpdir(), 'redisworker-image-'));
  try {
    await unpack(files, root);
    await nameProgram(root);
    for (const entry of entries) await runInside(root, load(entry));
    const cache = join(root, denoDir);
    for (const name of await readdir(cache)) if (name.endsWith('_cache_v2')) settle(join(cache, name));
    return await readCache(cache);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Parts of Deno, such as node:vm, ask the kernel for the path of their program, and there is no /proc inside. */
async function nameProgram(root: string): Promise<void> {
  await mkdir(join(root, 'proc/self'), { recursive: true });
  await symlink('/usr/bin/deno', join(root, 'proc/self/exe'));
}

async function runInside(root: string, code: string): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  const command = [
    'chroot',
    root,
    '/usr/bin/deno',
    'run',
    '--allow-all',
    '--no-config',
    '--no-lock',
    '--no-remote',
    '--no-npm',
    `--v8-flags=${v8Flags}`,
    '-',
  ];
  const [program = '', ...args] = isRoot ? command : ['unshare', '--map-root-user', ...command];
  const env = { ...workerConfiguration.env, PATH: process.env['PATH'] };
  await run(program, args, { env, stdin: code }).catch((cause: unknown) => {
    throw new CannotBuildImage(
      `Deno could not be run inside the image's files; build as root, or where users may make namespaces: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      { cause },
    );
  });
}

/**
 * Makes a database of Deno's the same in every build, and readable from a read-only folder. Its rows are copied in order
 * into a new file. Deno opens it in WAL mode, which from a read-only folder works when the two files beside it exist, and
 * asks SQLite to optimize, which is a write unless the statistics are there.
 */
function settle(path: string): void {
  const fresh = `${path}.fresh`;
  const [from, to] = [new DatabaseSync(path), new DatabaseSync(fresh)];
  const tables = from.prepare(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
  ).all();
  for (const { name, sql } of tables) {
    to.exec(String(sql));
    const read = from.prepare(
      `SELECT * FROM ${String(name)} WHERE ${
        name === 'info' ? 'TRUE' : "specifier LIKE 'file://" + imageRoot + "/%'"
      } ORDER BY 1`,
    );
    read.setReadBigInts(true);
    for (const row of read.all()) {
      to.prepare(`INSERT INTO ${String(name)} VALUES (${Object.keys(row).map(() => '?').join()})`).run(
        ...Object.values(row),
      );
    }
  }
  to.exec('ANALYZE; PRAGMA journal_mode = WAL');
  for (const database of [from, to]) database.close();
}

/**
 * What Deno writes into its cache while a worker runs goes to the pod's scratch folder: the translation of the worker's
 * own module, which Deno otherwise tries to write over and over before it goes on, and what the Cache API stores.
 */
const writtenFolders = ['gen', 'location_data'];

async function readCache(cache: string): Promise<ImageFile[]> {
  const names = await readdir(cache, { withFileTypes: true });
  const files = writtenFolders.map((name): ImageFile => ({
    kind: 'link',
    path: `${denoDir.slice(1)}/${name}`,
    target: scratchMount,
  }));
  for (const name of names.filter((one) => one.isFile())) {
    const file = name.name;
    const path = join(denoDir.slice(1), file);
    const content = await readFile(join(cache, file));
    if (!file.endsWith('.fresh')) continue;
    const database = path.slice(0, -'.fresh'.length);
    files.push({ kind: 'file', path: database, content });
    for (const beside of ['-wal', '-shm']) {
      files.push({ kind: 'file', path: database + beside, content: new Uint8Array() });
    }
  }
  return files;
}
