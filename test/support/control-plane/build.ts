/** Builds the control plane once per recipe into a cache outside the checkout. Run by itself, it prints where. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { withLock } from './lock.ts';
import { buildArgs, buildEnv, components, moduleDir, readRecipe, type Recipe } from './recipe.ts';

/** There are no programs and none can be made; the message says why and what to do. */
export class CannotBuild extends Error {
  override readonly name = 'CannotBuild';
  readonly reason: 'NoGo' | 'BuildFailed';
  constructor(reason: 'NoGo' | 'BuildFailed', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Takes one line for people who wait. */
export type Progress = (line: string) => void;

const progressEveryMs = 15_000;

/**
 * Folder with the programs `etcd`, `kube-apiserver`…; built first when it is not there.
 * @throws CannotBuild when Go is missing or too old, or with the compiler's words when the build fails
 */
export async function controlPlanePrograms(progress: Progress = toStderr): Promise<string> {
  const recipe = await readRecipe();
  const bin = join(recipe.buildDir, 'bin');
  if (existsSync(bin)) return bin;
  await requireGo(recipe.minimumGo);
  await mkdir(dirname(recipe.buildDir), { recursive: true });
  const waiting = (holder: number): void => progress(`process ${holder} is building the control plane, waiting for it`);
  await withLock(`${recipe.buildDir}.lock`, async () => {
    if (!existsSync(bin)) await build(recipe, progress);
  }, waiting);
  return bin;
}

async function requireGo(minimum: string): Promise<void> {
  const version = await run('go', ['env', 'GOVERSION']).catch(() => undefined);
  const hint = `install Go ${minimum} or newer from https://go.dev/dl to run the tests that need an API server`;
  if (version === undefined) throw new CannotBuild('NoGo', `there is no "go" on PATH: ${hint}`);
  const [, major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const [wantMajor = 0, wantMinor = 0] = minimum.split('.').map(Number);
  if (major < wantMajor || (major === wantMajor && minor < wantMinor)) {
    throw new CannotBuild('NoGo', `"go" on PATH is ${version.trim()}: ${hint}`);
  }
}

/** Builds beside the final folder and renames, so that a build cut short is never taken for a whole one. */
async function build(recipe: Recipe, progress: Progress): Promise<void> {
  const unfinished = `${recipe.buildDir}.unfinished`;
  const bin = join(unfinished, 'bin');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(bin, { recursive: true });
  progress(`building Kubernetes ${recipe.version} once into ${recipe.buildDir} (about 6 minutes on 2 cores, seconds when Go has it cached)`);
  const started = Date.now();
  await compile(recipe.version, join(bin, 'kube'), progress);
  await Promise.all(components.map((name) => symlink('kube', join(bin, name))));
  await rename(unfinished, recipe.buildDir);
  progress(`built in ${seconds(started)} s`);
}

async function compile(version: string, output: string, progress: Progress): Promise<void> {
  const started = Date.now();
  let stage = 'downloading modules';
  const timer = setInterval(() => progress(`  ${seconds(started)} s: ${stage}`), progressEveryMs);
  try {
    const packages = (await run('go', ['list', '-deps', '.'])).split('\n').length;
    let compiled = 0;
    stage = 'compiling';
    await run('go', ['build', '-v', ...buildArgs(version), '-o', output, '.'], () => {
      compiled += 1;
      stage = `${compiled} packages compiled, the program has ${packages}`;
    });
  } finally {
    clearInterval(timer);
  }
}

/** Runs Go in the module's folder; `onLine` sees each line of stderr. */
function run(command: string, args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<string> {
  const child = spawn(command, args, { cwd: moduleDir, env: { ...process.env, ...buildEnv }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lastLines: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > 20) lastLines.shift();
    onLine(line);
  });
  return new Promise((resolve, reject) => {
    const output = textOf(child.stdout);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) void output.then(resolve, reject);
      else reject(new CannotBuild('BuildFailed', `"${command} ${args[0] ?? ''}" in ${moduleDir} failed: ${lastLines.join('\n')}`));
    });
  });
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

if (import.meta.main) process.stdout.write(`${await controlPlanePrograms()}\n`);
