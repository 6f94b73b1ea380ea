/** Builds a server once into a cache outside the checkout. Run by itself with a name, it prints where. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { withLock } from '../control-plane/lock.ts';
import { makeArgs, recipeOf, serverNames, type Recipe, type ServerName } from './recipe.ts';

/** There is no such server and none can be made; the message says why and what to do. */
export class CannotBuildServer extends Error {
  override readonly name = 'CannotBuildServer';
  readonly reason: 'Unavailable' | 'BuildFailed';
  constructor(reason: 'Unavailable' | 'BuildFailed', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Takes one line for people who wait. */
export type Progress = (line: string) => void;

/** What a build needs on PATH. */
const tools = ['cc', 'make', 'tar', 'gzip'] as const;

const execute = promisify(execFile);
const downloadMs = 120_000;
const progressEveryMs = 15_000;

/**
 * Path of the server's program; built first when it is not there.
 * @throws CannotBuildServer when source or tools are missing, or with the compiler's words when the build fails
 */
export async function serverProgram(name: ServerName, progress: Progress = toStderr): Promise<string> {
  const recipe = recipeOf(name);
  const program = join(recipe.buildDir, basename(recipe.program));
  if (existsSync(program)) return program;
  await mkdir(dirname(recipe.buildDir), { recursive: true });
  const waiting = (holder: number): void => progress(`process ${holder} is building ${name}, waiting for it`);
  await withLock(`${recipe.buildDir}.lock`, async () => {
    if (!existsSync(program)) await build(recipe, progress);
  }, waiting);
  return program;
}

/** Builds beside the final folder and renames, so that a build cut short is never taken for a whole one. */
async function build(recipe: Recipe, progress: Progress): Promise<void> {
  const unfinished = `${recipe.buildDir}.unfinished`;
  const [archive, source, result] = ['source.tar.gz', 'source', 'result'].map((part) => join(unfinished, part)) as [string, string, string];
  await rm(unfinished, { recursive: true, force: true });
  await Promise.all([source, result].map((folder) => mkdir(folder, { recursive: true })));
  progress(`building ${recipe.name} once into ${recipe.buildDir} (about 2 minutes on 2 cores)`);
  const started = Date.now();
  for (const tool of tools) await run(tool, ['--version']);
  await writeFile(archive, await download(recipe));
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', source]);
  await compile(recipe, source, progress);
  await rename(join(source, recipe.program), join(result, basename(recipe.program)));
  await rename(result, recipe.buildDir);
  await rm(unfinished, { recursive: true, force: true });
  progress(`built in ${seconds(started)} s`);
}

async function download({ name, path, sha256 }: Recipe): Promise<Buffer> {
  const mirror = await debianMirror();
  if (mirror === undefined) throw new CannotBuildServer('Unavailable', `the source of ${name} comes from a Debian mirror, and apt has none configured here: give REDIS_SERVER another server to test on`);
  const url = `${mirror}pool/main/${path}`;
  const unavailable = (why: string) => new CannotBuildServer('Unavailable', `the source of ${name} cannot be had from ${url}: ${why}`);
  const bytes = await fetch(url, { signal: AbortSignal.timeout(downloadMs) })
    .then(async (response) => response.ok ? Buffer.from(await response.arrayBuffer()) : Promise.reject(new Error(`the mirror answers ${response.status}`)))
    .catch((error: unknown) => { throw unavailable(reasonOf(error)); });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw unavailable(`its sha256 is ${found}, not ${sha256}`);
  return bytes;
}

/** The mirror apt takes Debian's packages from, with a slash at its end. */
async function debianMirror(): Promise<string | undefined> {
  const listed = await execute('apt-get', ['indextargets', '--format', '$(REPO_URI)']).then(({ stdout }) => stdout, () => '');
  return listed.split('\n').find((uri) => /^https?:.*\/debian\/$/.test(uri));
}

async function compile({ name, program }: Recipe, source: string, progress: Progress): Promise<void> {
  const started = Date.now();
  let files = 0;
  const timer = setInterval(() => progress(`  ${seconds(started)} s: ${name}, ${files} files compiled`), progressEveryMs);
  try {
    await run('make', ['-C', join(source, dirname(program)), `-j${availableParallelism()}`, ...makeArgs, basename(program)], (line) => {
      if (line.includes('.o')) files += 1;
    });
  } finally {
    clearInterval(timer);
  }
}

/** Runs a tool; `onLine` sees each line it writes. */
function run(command: string, args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      onLine(line);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', () => reject(new CannotBuildServer('Unavailable', `there is no "${command}" on PATH: install a C compiler, make, tar and gzip ("apt-get install build-essential")`)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new CannotBuildServer('BuildFailed', `"${command} ${args.join(' ')}" failed: ${lastLines.join('\n')}`));
    });
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

if (import.meta.main) {
  const name = serverNames.find((one) => one === process.argv[2]);
  if (name === undefined) throw new Error(`name the server to build: ${serverNames.join(' or ')}`);
  process.stdout.write(`${await serverProgram(name)}\n`);
}
