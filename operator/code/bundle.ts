/**
 * Makes one file of a module and everything it imports, by `deno bundle`. What it makes is the same for the same sources
 * wherever they are, and imports nothing that a pod has not.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildProblem, buildProblem } from './build-problem.ts';
import { checkTypes } from './check.ts';
import { type DenoRun, type DenoTool, runDeno } from './deno.ts';
import { contentProblem, type Ground, importProblem, outputProblem } from './gate.ts';
import { emptyGraph, filesOf, readGraph } from './graph.ts';
import { nameFrom } from './name-from.ts';
import { normalized, type Output } from './output.ts';
import { entryNames, findProject, type Project } from './project.ts';
import { type CodeUse, runtimeModule, workerCode } from './use.ts';
import { webWorkerProblem } from './web-workers.ts';

/** What to bundle, and with what. */
export interface BundleRequest {
  /** Absolute path of a module, or of a folder with one. */
  readonly entry: string;
  readonly deno: DenoTool;
  /** Folder that files are named from in what is said about them. */
  readonly namedFrom: string;
  /** Declarations of the runtime's module: types are checked against them; absent: types are not checked. */
  readonly runtimeTypes?: string | undefined;
  /** What Deno is told of imports and of a lock, in the place of the lock the project has where one is named. */
  readonly settings?: readonly string[];
  /** What it is for [the module of a worker]. */
  readonly use?: CodeUse;
  readonly signal?: AbortSignal;
}

/** One module in one file, and its source map. */
export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  /** `sha256-<hex>` of the code, which names its map by a digest too. */
  readonly digest: string;
  readonly map: string;
  /** Name by which the code finds the map beside itself. */
  readonly mapName: string;
  /** Modules it is made of. */
  readonly modules: number;
}

/** A bundle or one sentence that says why there is none; either way the author's files it follows from. */
export type BundleOutcome =
  & { readonly files: readonly string[] }
  & (
    | { readonly ok: true; readonly bundle: Bundle }
    /** With what Deno said, where it is about that; or types alone are wrong. */
    | { readonly ok: false; readonly problem: string; readonly said?: string; readonly isMistyped?: true }
  );

/** Bundles a module. What is wrong with the module is an outcome, not an error. */
export async function bundle(request: BundleRequest): Promise<BundleOutcome> {
  const project = await findProject(request.entry);
  const name = (path: string): string => nameFrom(request.namedFrom, path);
  if (project === undefined) {
    const isFolder = await stat(request.entry).then((found) => found.isDirectory(), () => false);
    const problem = isFolder
      ? `${name(request.entry)} has no module: put one of ${entryNames.join(', ')} there, or name a file`
      : `there is no file ${name(request.entry)}: check the path`;
    return { ok: false, problem, files: [request.entry] };
  }
  await mkdir(request.deno.cache, { recursive: true });
  const cache = await realpath(request.deno.cache);
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'redisworker-bundle-'));
  try {
    return await new Build({ ...request, deno: { ...request.deno, cache } }, project, folder, name).run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Build {
  readonly #request: BundleRequest;
  readonly #project: Project;
  readonly #folder: string;
  readonly #name: (path: string) => string;
  readonly #use: CodeUse;

  constructor(request: BundleRequest, project: Project, folder: string, name: (path: string) => string) {
    this.#request = request;
    this.#project = project;
    this.#folder = folder;
    this.#name = name;
    this.#use = request.use ?? workerCode;
  }

  async run(): Promise<BundleOutcome> {
    const { entry } = this.#project;
    const [made, seen, mistyped] = await Promise.all([this.#bundle(), this.#look(), this.#check()]);
    const looked = readGraph(seen.stdout);
    const graph = looked ?? emptyGraph;
    // What nobody has looked at is no part of a pod.
    const broken = made.code === 0 ? (looked === undefined ? seen : undefined) : made;
    const failed = broken === undefined ? mistyped : buildProblem(broken.stderr, entry, this.#name);
    const ground = await this.#ground();
    const own = filesOf(graph).filter((file) => !isPackage(file, ground));
    const files = [...new Set([entry, ...own])];
    const refused = importProblem(graph, ground);
    if (refused !== undefined) return { ok: false, problem: refused, files };
    if (failed !== undefined) {
      const { sentence, file } = failed;
      const told = file === undefined ? files : [...new Set([...files, file])];
      const about = broken === undefined ? { isMistyped: true } as const : { said: broken.stderr };
      return { ok: false, problem: sentence, files: told, ...about };
    }
    const output = await this.#output();
    if (typeof output === 'string') return { ok: false, problem: output, files };
    const problem = contentProblem(output.sources, entry, ground) ?? await this.#problemOf(output, own);
    if (problem !== undefined) return { ok: false, problem, files };
    return { ok: true, bundle: bundleOf(output), files };
  }

  #deno(...args: string[]): Promise<DenoRun> {
    const { deno, signal } = this.#request;
    return runDeno(deno, args, dirname(this.#project.entry), signal);
  }

  #bundle(): Promise<DenoRun> {
    const { entry, lock } = this.#project;
    const { settings = [] } = this.#request;
    const isLocked = settings.some((one) => one.startsWith('--lock='));
    const locked = isLocked ? [] : lock === undefined ? ['--no-lock'] : [`--lock=${lock}`, '--frozen'];
    const file = join(this.#folder, 'worker.js');
    return this.#deno(
      'bundle',
      '--quiet',
      ...settings,
      ...locked,
      '--external',
      runtimeModule,
      '--sourcemap=external',
      '-o',
      file,
      entry,
    );
  }

  #look(): Promise<DenoRun> {
    const settings = this.#request.settings?.filter((one) => !/^--(lock=|frozen)/.test(one)) ?? [];
    return this.#deno('info', '--json', '--no-lock', ...settings, this.#project.entry);
  }

  async #check(): Promise<BuildProblem | undefined> {
    const { runtimeTypes } = this.#request;
    return runtimeTypes === undefined ? undefined : await checkTypes({ ...this.#request, runtimeTypes });
  }

  async #ground(): Promise<Ground> {
    const { folder } = this.#project;
    const modules = join(folder, 'node_modules');
    const linked = await realpath(modules).catch(() => modules);
    return { project: folder, packages: [this.#request.deno.cache, linked], name: this.#name };
  }

  async #output(): Promise<Output | string> {
    const file = join(this.#folder, 'worker.js');
    const { size } = await stat(file);
    const { kind, mostBytes } = this.#use;
    if (size > mostBytes) {
      return `${this.#name(this.#project.entry)} is ${
        mebibytes(size)
      } MiB with everything it imports, and a ${kind} may have ${
        mebibytes(mostBytes)
      } MiB: import less, or only the parts of a package that are used`;
    }
    const [code, map] = await Promise.all([readFile(file, 'utf8'), readFile(`${file}.map`, 'utf8')]);
    const maker = { folder: dirname(this.#project.entry), cache: this.#request.deno.cache };
    return normalized({ code, map, folder: this.#folder }, maker);
  }

  async #problemOf({ code }: Output, own: readonly string[]): Promise<string | undefined> {
    for (const file of own) {
      const problem = webWorkerProblem(await readFile(file, 'utf8').catch(() => ''), this.#name(file));
      if (problem !== undefined) return problem;
    }
    const file = join(this.#folder, 'worker.js');
    await writeFile(file, code);
    const run = await this.#deno('info', '--json', '--no-config', '--no-lock', '--no-remote', '--no-npm', file);
    const graph = readGraph(run.stdout);
    if (graph === undefined) return buildProblem(run.stderr, this.#project.entry, this.#name).sentence;
    return outputProblem(graph, this.#name(this.#project.entry), this.#use);
  }
}

function bundleOf({ code, map, mapName, modules }: Output): Bundle {
  const digest = `sha256-${createHash('sha256').update(code).digest('hex')}`;
  return { code, bytes: Buffer.byteLength(code), digest, map, mapName, modules };
}

function isPackage(file: string, { packages }: Ground): boolean {
  return packages.some((folder) => file.startsWith(`${folder}/`)) || file.includes('/node_modules/');
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1).replace('.0', '');
}
