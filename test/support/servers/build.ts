/** Builds a server once into a cache outside the checkout. Run by itself with a name, it prints where. */
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { tryRun } from '../command.ts';
import { buildOnce } from '../control-plane/cache.ts';
import {
  CannotBuild,
  type Progress,
  runTool,
  type ToolOptions,
  toStderr,
  withProgress,
} from '../control-plane/tool.ts';
import { makeArgs, type Recipe, recipeOf, type ServerName, serverNames } from './recipe.ts';

/** What a build needs on PATH. */
const tools = ['cc', 'make', 'tar', 'gzip'] as const;

const downloadMs = 120_000;

/**
 * Path of the server's program; built first when it is not there.
 * @throws CannotBuild when source or tools are missing, or with the compiler's words when the build fails
 */
export async function serverProgram(name: ServerName, progress: Progress = toStderr): Promise<string> {
  const recipe = recipeOf(name);
  await buildOnce({
    folder: recipe.buildDir,
    what: name,
    duration: 'about 2 minutes on 2 cores',
    require: requireTools,
    build: (unfinished) => build(recipe, unfinished, progress),
  }, progress);
  return join(recipe.buildDir, basename(recipe.program));
}

async function requireTools(): Promise<void> {
  for (const tool of tools) {
    await runTool(tool, ['--version'], { cwd: process.cwd() }).catch(() => {
      throw new CannotBuild(
        'Unavailable',
        `there is no "${tool}" on PATH: install a C compiler, make, tar and gzip ("apt-get install build-essential")`,
      );
    });
  }
}

/** Leaves nothing but the program. */
async function build(recipe: Recipe, folder: string, progress: Progress): Promise<void> {
  const [archive, source] = [join(folder, 'source.tar.gz'), join(folder, 'source')];
  await mkdir(source);
  await writeFile(archive, await download(recipe));
  await runTool('tar', ['-xzf', archive, '--strip-components=1'], { cwd: source });
  await compile(recipe, source, progress);
  await rename(join(source, recipe.program), join(folder, basename(recipe.program)));
  await Promise.all([archive, source].map((path) => rm(path, { recursive: true })));
}

async function download({ name, path, sha256 }: Recipe): Promise<Buffer> {
  const mirror = await debianMirror();
  if (mirror === undefined) {
    throw new CannotBuild(
      'Unavailable',
      `the source of ${name} comes from a Debian mirror, and apt has none configured here: give REDIS_SERVER another server to test on`,
    );
  }
  const url = `${mirror}pool/main/${path}`;
  const unavailable = (why: string) =>
    new CannotBuild('Unavailable', `the source of ${name} cannot be had from ${url}: ${why}`);
  const bytes = await fetch(url, { signal: AbortSignal.timeout(downloadMs) })
    .then(async (response) =>
      response.ok
        ? Buffer.from(await response.arrayBuffer())
        : Promise.reject(new Error(`the mirror answers ${response.status}`))
    )
    .catch((error: unknown) => {
      throw unavailable(reasonOf(error));
    });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw unavailable(`its sha256 is ${found}, not ${sha256}`);
  return bytes;
}

/** The mirror apt takes Debian's packages from, with a slash at its end. */
async function debianMirror(): Promise<string | undefined> {
  const listed = await tryRun('apt-get', ['indextargets', '--format', '$(REPO_URI)']).catch(() => undefined); // no apt, no mirror
  return listed?.stdout.split('\n').find((uri) => /^https?:.*\/debian\/$/.test(uri));
}

async function compile({ name, program }: Recipe, source: string, progress: Progress): Promise<void> {
  let files = 0;
  const inSource: ToolOptions = {
    cwd: join(source, dirname(program)),
    onLine: (line) => {
      if (line.includes('.o')) files += 1;
    },
  };
  const args = [`-j${availableParallelism()}`, ...makeArgs, basename(program)];
  await withProgress(progress, () => `${name}, ${files} files compiled`, () => runTool('make', args, inSource));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

if (import.meta.main) {
  const name = serverNames.find((one) => one === process.argv[2]);
  if (name === undefined) throw new Error(`name the server to build: ${serverNames.join(' or ')}`);
  process.stdout.write(`${await serverProgram(name)}\n`);
}
