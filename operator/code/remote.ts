/**
 * Makes one file of a module at an address and everything it imports. Nobody has to trust it: what it imports is looked at
 * before anything becomes part of the file, and again in the file.
 */
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maxBundleBytes } from '../../contract/limits.ts';
import { isShownTo } from './credential-hosts.ts';
import { denyImport } from './denied-hosts.ts';
import { type DenoRun, type DenoTool, ranOutOfMemory, runDeno, tookTooLong } from './deno.ts';
import { contentProblem, type Ground, importProblem, outputProblem } from './gate.ts';
import { emptyGraph, type Graph, readGraph } from './graph.ts';
import { type ImportMap, readImportMap } from './import-map.ts';
import type { FailedCode, RefusedCode, ResolveOutcome } from './outcome.ts';
import { normalized } from './output.ts';
import { remoteProblem } from './remote-problem.ts';
import { remoteTypeProblem } from './remote-types.ts';
import { type CodeRequest, hostOf, importHostsOf } from './request.ts';
import { runtimeModule } from './use.ts';
import { webWorkerProblem } from './web-workers.ts';

/** A module at an address, and where to work. */
export interface RemoteRequest {
  readonly request: CodeRequest & { readonly entry: { readonly kind: 'url' } };
  /** Its cache lies in the folder. */
  readonly deno: DenoTool;
  /** Absolute, empty and without links on the way; what is made does not show where it is. */
  readonly folder: string;
  /** Declarations of the runtime's module, for requests that have types checked. */
  readonly runtimeTypes: string | undefined;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** Resolves what is at an address; whatever is wrong with it is an outcome. */
export function resolveRemote(request: RemoteRequest): Promise<ResolveOutcome> {
  return new Remote(request).run();
}

class Remote {
  readonly #request: RemoteRequest['request'];
  readonly #deno: DenoTool;
  readonly #folder: string;
  readonly #now: () => Date;
  readonly #runtimeTypes: string | undefined;
  readonly #signal: AbortSignal;
  readonly #file: string;
  readonly #ground: Ground;
  #importMap: ImportMap = { imports: {} };

  constructor({ request, deno, folder, runtimeTypes, now, signal }: RemoteRequest) {
    this.#runtimeTypes = runtimeTypes;
    this.#request = request;
    this.#deno = deno;
    this.#folder = folder;
    this.#now = now;
    this.#signal = signal;
    this.#file = join(folder, 'out', 'worker.js');
    // Nothing of this machine belongs to it but the packages it names.
    this.#ground = { project: join(folder, 'project'), packages: [deno.cache], name: (path) => path };
  }

  async run(): Promise<ResolveOutcome> {
    const { entry: { url } } = this.#request;
    const settings = await this.#settings();
    if (!Array.isArray(settings)) return settings;
    const seen = await this.#run(['info', '--json', ...settings, url]);
    const looked = readGraph(seen.stdout);
    if ([tookTooLong, ranOutOfMemory].some((end) => seen.stderr.includes(end))) return this.#problem(seen);
    const graph = looked ?? emptyGraph;
    const refused = importProblem(graph, this.#ground);
    if (refused !== undefined) return refusal('ImportRefused', refused);
    const made = await this.#run(['bundle', '--quiet', ...settings, ...this.#outputs(), url]);
    if (made.code !== 0) return this.#problem(made);
    if (looked === undefined) return this.#problem(seen); // what nobody has looked at is no part of a pod
    return await this.#mismatch(graph) ?? await this.#webWorker(graph) ?? await this.#mistyped(graph, settings) ??
      await this.#output(graph);
  }

  /** What Deno is told of imports, by files where it has to. */
  async #settings(): Promise<string[] | RefusedCode> {
    const { lock, importMap, entry } = this.#request;
    const shows = this.#deno.environment['DENO_AUTH_TOKENS'] !== undefined;
    const hosts = importHostsOf(this.#request).filter((host) => !shows || !isShownTo(host, entry.url));
    const settings = ['--no-config', `--allow-import=${hosts.join(',')}`, denyImport];
    if (lock === undefined) settings.push('--no-lock');
    else {
      await writeFile(join(this.#folder, 'deno.lock'), lock);
      settings.push(`--lock=${join(this.#folder, 'deno.lock')}`, '--frozen');
    }
    if (importMap === undefined) return settings;
    const map = readImportMap(importMap, entry.url);
    if (!map.ok) return refusal('InvalidSource', map.problem);
    this.#importMap = map.map;
    await writeFile(join(this.#folder, 'import-map.json'), JSON.stringify(map.map));
    return [...settings, `--import-map=${join(this.#folder, 'import-map.json')}`];
  }

  #outputs(): string[] {
    return ['--external', runtimeModule, '--sourcemap=external', '-o', this.#file];
  }

  #problem({ stderr }: DenoRun): ResolveOutcome {
    return remoteProblem(stderr, this.#request.entry.url, this.#ground.name);
  }

  #run(args: readonly string[]): Promise<DenoRun> {
    return runDeno(this.#deno, args, this.#folder, this.#signal);
  }

  /** The digest that is asked for is of the module that is served, or else of the bundle, which is looked at later. */
  async #mismatch(graph: Graph): Promise<RefusedCode | undefined> {
    const { integrity, entry: { url } } = this.#request;
    if (integrity === undefined) return undefined;
    const served = sri(await keptText(graph, graph.root));
    if (served === integrity) return undefined;
    const code = await this.#normalized();
    if (typeof code === 'string' || sri(code.code) === integrity) return undefined;
    return refusal(
      'IntegrityMismatch',
      `${url} has the digest ${served}, and spec.source.integrity wants ${integrity}: find out why it has changed, then name the new digest`,
    );
  }

  /** Only the author's own modules are looked at: what a library could do is its own matter. */
  async #webWorker(graph: Graph): Promise<RefusedCode | undefined> {
    const host = hostOf(graph.root ?? this.#request.entry.url);
    for (const module of graph.kept.keys()) {
      if (!/^https?:/.test(module) || hostOf(module) !== host) continue;
      const problem = webWorkerProblem((await keptText(graph, module)).toString(), module);
      if (problem !== undefined) return refusal('InvalidSource', problem);
    }
    return undefined;
  }

  /** A lock has what runs, and nothing that types alone import. */
  async #mistyped(graph: Graph, settings: readonly string[]): Promise<RefusedCode | FailedCode | undefined> {
    const runtimeTypes = this.#runtimeTypes;
    if (runtimeTypes === undefined) return undefined;
    return await remoteTypeProblem({
      url: graph.root ?? this.#request.entry.url,
      settings: settings.filter((one) => !/^--(lock=|frozen|no-lock|import-map=)/.test(one)),
      importMap: this.#importMap,
      runtimeTypes,
      folder: this.#folder,
      run: (args) => this.#run(args),
    });
  }

  async #output(graph: Graph): Promise<ResolveOutcome> {
    const { entry: { url } } = this.#request;
    const output = await this.#normalized();
    if (typeof output === 'string') return refusal('SourceTooLarge', output);
    const { code, map, mapName, modules, sources } = output;
    const foreign = contentProblem(sources, url, this.#ground);
    if (foreign !== undefined) return refusal('ImportRefused', foreign);
    await writeFile(this.#file, code);
    const left = await this.#run(['info', '--json', '--no-config', '--no-lock', '--no-remote', '--no-npm', this.#file]);
    const finished = readGraph(left.stdout);
    if (finished === undefined) return this.#problem(left);
    const problem = outputProblem(finished, url);
    if (problem !== undefined) return refusal('ImportRefused', problem);
    const [digest, bytes] = [`sha256-${createHash('sha256').update(code).digest('hex')}`, Buffer.byteLength(code)];
    const time = this.#now().toISOString();
    return { kind: 'resolved', code, map, mapName, digest, bytes, entry: graph.root ?? url, modules, time };
  }

  /** What the bundler wrote, the same wherever it was made; or that it is too much. */
  async #normalized() {
    const { size } = await stat(this.#file);
    if (size > maxBundleBytes) {
      const [has, may] = [size, maxBundleBytes].map((bytes) => (bytes / 1024 / 1024).toFixed(1).replace('.0', ''));
      return `${this.#request.entry.url} is ${has} MiB with everything it imports, and a worker may have ${may} MiB: import less, or only the parts of a package that are used`;
    }
    const [code, map] = await Promise.all([readFile(this.#file, 'utf8'), readFile(`${this.#file}.map`, 'utf8')]);
    const written = { code, map, folder: join(this.#folder, 'out') };
    return normalized(written, { folder: this.#folder, cache: this.#deno.cache });
  }
}

function refusal(reason: RefusedCode['reason'], sentence: string): RefusedCode {
  return { kind: 'refused', reason, sentence };
}

/** As `integrity` has it on the web. */
function sri(content: Buffer | string): string {
  return `sha256-${createHash('sha256').update(content).digest('base64')}`;
}

/** The bytes of a module as they were served. */
async function keptText(graph: Graph, module = ''): Promise<Buffer> {
  const kept = graph.kept.get(module);
  return kept === undefined ? Buffer.alloc(0) : (await readFile(kept.file)).subarray(0, kept.bytes);
}
