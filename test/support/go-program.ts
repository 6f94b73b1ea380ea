/** Programs in Go, built once per content into the cache outside the checkout. */
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildOnce, cacheRoot } from './control-plane/cache.ts';
import { go, requireGo } from './control-plane/go.ts';
import { buildEnv } from './control-plane/recipe.ts';
import { type Progress, toStderr, withProgress } from './control-plane/tool.ts';

/** The flags of the control plane, so that Go finds compiled what they share. */
const compilerFlags = ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false'];

/** A Go main module of ours. */
export interface GoProgram {
  /** Folder of go.mod and go.sum, and of the sources unless there is a `package`. */
  readonly dir: string;
  /** Name of the program, and of its folder in the cache. */
  readonly name: string;
  /** The package to build when the module has no program of its own, and names another's as its tool. */
  readonly package?: string;
  /** What is kept beside the program. */
  readonly files?: readonly ModuleFile[];
  /** For people who wait: what it is, and how long the build may take. */
  readonly what: string;
  readonly duration: string;
}

/** A file of a Go module, for example the CRDs of a controller. */
export interface ModuleFile {
  /** For example `github.com/argoproj/argo-cd/v3@v3.5.7`. */
  readonly module: string;
  readonly path: string;
}

/** A published program that is built by the go.mod of its own. */
export interface PublishedProgram {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** Variables the linker sets, by their full names: what a release would say of itself. */
  readonly stamp?: Readonly<Record<string, string>>;
  readonly what: string;
  readonly duration: string;
}

/**
 * Path of the program; built first when it is not there.
 * @throws CannotBuild when Go is missing or too old, or with the compiler's words when the build fails
 */
export async function goProgram(program: GoProgram, progress: Progress = toStderr): Promise<string> {
  const { dir, files = [] } = program;
  const own = (await readdir(dir)).filter((file) => file.endsWith('.go')).sort();
  const sources = [...own, 'go.mod', 'go.sum'];
  const contents = await Promise.all(sources.map((file) => readFile(join(dir, file), 'utf8')));
  const [, minimumGo = ''] = /^go (\d+\.\d+)/m.exec(contents.at(-2) ?? '') ?? [];
  return compiled({
    ...program,
    key: [...contents, ...(program.package === undefined ? [] : [program.package]), ...files],
    minimumGo,
    cwd: dir,
    command: (folder) => ['build', '-v', ...flags(), '-o', join(folder, program.name), program.package ?? '.'],
    async finish(folder) {
      for (const file of files) await copyFile(await pathInModule(file, dir), join(folder, basename(file.path)));
    },
  }, progress);
}

/**
 * Path of the program in that version; built first when it is not there.
 * @throws CannotBuild as {@link goProgram}
 */
export async function publishedProgram(program: PublishedProgram, progress: Progress = toStderr): Promise<string> {
  const { name, package: path, version, stamp = {} } = program;
  return compiled({
    ...program,
    key: [path, version, stamp],
    minimumGo: '1.26',
    cwd: import.meta.dirname,
    command: () => ['install', '-v', ...flags(stamp), `${path}@${version}`],
    async finish(folder) {
      if (basename(path) !== name) await rename(join(folder, basename(path)), join(folder, name));
    },
  }, progress);
}

interface Compiled {
  readonly name: string;
  readonly what: string;
  readonly duration: string;
  /** What shapes the program beside flags and machine. */
  readonly key: unknown;
  readonly minimumGo: string;
  readonly cwd: string;
  /** Arguments of Go that leave the program in the folder, which is GOBIN. */
  readonly command: (folder: string) => string[];
  readonly finish: (folder: string) => Promise<void>;
}

async function compiled(
  { name, what, duration, key, minimumGo, cwd, command, finish }: Compiled,
  progress: Progress,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, flags(), buildEnv, key]))
    .digest('hex').slice(0, 16);
  const folder = join(cacheRoot(), name, hash);
  let stage = 'downloading modules';
  const onLine = (line: string): void => {
    stage = line;
  };
  await buildOnce({
    folder,
    what,
    duration,
    require: () => requireGo(minimumGo, { cwd, env: buildEnv }),
    async build(unfinished) {
      const options = { cwd, env: { ...buildEnv, GOBIN: unfinished }, onLine };
      await withProgress(progress, () => stage, () => go(command(unfinished), options));
      await finish(unfinished);
    },
  }, progress);
  return join(folder, name);
}

function flags(stamp: Readonly<Record<string, string>> = {}): string[] {
  const set = Object.entries(stamp).map(([variable, value]) => `-X ${variable}=${value}`);
  return [...compilerFlags, '-ldflags', ['-s', '-w', ...set].join(' ')];
}

async function pathInModule({ module, path }: ModuleFile, cwd: string): Promise<string> {
  const found = await go(['mod', 'download', '-json', module], { cwd, env: buildEnv });
  return join((JSON.parse(found) as { Dir: string }).Dir, path);
}
