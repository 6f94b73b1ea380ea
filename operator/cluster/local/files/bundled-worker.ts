/** A worker whose module is a file on disk, as a cluster has it: it names a bundle, and ConfigMaps hold that. Pure. */
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { Bundle } from '../../../code/bundle.ts';
import { partsOf } from '../../../code/bundle-parts.ts';
import { type CodeUse, moduleCode, workerCode } from '../../../code/use.ts';
import { type KubeObject, resources } from '../../cluster.ts';
import type { BuiltModule } from './module-builds.ts';

/** Tells the operator why there is no newer code. */
const sourceProblem = 'redisworker.dev/source-problem';
/** Tells it which release the code is. */
const releaseOf = 'redisworker.dev/release';

/** Label of a ConfigMap that tools have made of a worker's module: it tells that worker. */
export const codeOf = 'redisworker.dev/code-of';

/** Whether an object is such a ConfigMap. */
export function isCode({ kind, metadata: { labels } }: KubeObject): boolean {
  return kind === 'ConfigMap' && labels?.[codeOf] !== undefined;
}

/** Its value for a worker: the name, or of a long one its beginning and a digest. */
export function codeLabel(worker: string): string {
  if (worker.length <= 63) return worker;
  const digest = createHash('sha256').update(worker).digest('hex').slice(0, 8);
  return `${worker.slice(0, 50).replace(/[^a-z0-9]+$/, '')}-${digest}`;
}

/** Code on disk that a worker names. */
export interface CodeFile {
  /** Absolute path. */
  readonly entry: string;
  readonly use: CodeUse;
}

/** What a worker of this manifest names: its module, or those of its modules that are files. */
export function codeFilesOf(worker: KubeObject, manifest: string): readonly CodeFile[] {
  if (worker.kind !== resources.redisWorkers.kind) return [];
  const entry = moduleOf(worker, manifest);
  const modules = modulesOf(worker).flatMap((module) => fileOf(module, manifest) ?? []);
  return [
    ...(entry === undefined ? [] : [{ entry, use: workerCode }]),
    ...modules.map((one) => ({ entry: one, use: moduleCode })),
  ];
}

function moduleOf({ spec }: KubeObject, manifest: string): string | undefined {
  const own = fileOf(spec, manifest);
  if (own !== undefined) return own;
  const release = releaseOnDisk((spec as { source?: { release?: unknown } } | undefined)?.source?.release);
  return release && resolve(dirname(manifest), release.repo, release.class, ...versionFolder(release), 'worker.ts');
}

/** Path of the file that a spec, or a module of one, names as its source. */
function fileOf(named: unknown, manifest: string): string | undefined {
  const { source } = (named ?? {}) as { source?: { file?: unknown } };
  return typeof source?.file === 'string' ? join(dirname(manifest), source.file) : undefined;
}

/** What `spec.modules` has, which nobody has looked at yet. */
function modulesOf({ spec }: KubeObject): readonly object[] {
  const { modules } = (spec ?? {}) as { modules?: unknown };
  return Array.isArray(modules) ? (modules as unknown[]).filter((one) => typeof one === 'object' && one !== null) : [];
}

interface Release {
  readonly repo: string;
  readonly class: string;
  readonly version: string;
}

/** A release whose repo is a folder; any other is of the web, and whoever resolves code asks for it. */
function releaseOnDisk(release: unknown): Release | undefined {
  const { repo, class: name, version } = (release ?? {}) as Partial<Record<keyof Release, unknown>>;
  if (typeof repo !== 'string' || typeof name !== 'string' || typeof version !== 'string') return undefined;
  return /^https?:\/\//.test(repo) ? undefined : { repo, class: name, version };
}

function versionFolder({ version }: Release): readonly string[] {
  return version === 'local' ? [] : [version];
}

/**
 * The objects that stand for a worker: the ConfigMaps with its code first, when there is some.
 * @param builtOf what became of a file that {@link codeFilesOf} gave
 */
export function withCode(
  worker: KubeObject,
  manifest: string,
  builtOf: (entry: string) => BuiltModule,
): readonly KubeObject[] {
  const files = codeFilesOf(worker, manifest);
  const problems = files.flatMap(({ entry }) => builtOf(entry).problem ?? []);
  const told = noted(worker, problems);
  const [own] = files.filter(({ use }) => use === workerCode);
  return own === undefined ? withModules(told, manifest, builtOf) : withModule(told, builtOf(own.entry));
}

function noted(worker: KubeObject, problems: readonly string[]): KubeObject {
  const annotations = {
    ...worker.metadata.annotations,
    ...(problems.length === 0 ? {} : { [sourceProblem]: problems.join('; ') }),
    ...releaseNote(worker),
  };
  return Object.keys(annotations).length === 0 ? worker : { ...worker, metadata: { ...worker.metadata, annotations } };
}

/** Its modules share what is of the same digest. */
function withModules(
  worker: KubeObject,
  manifest: string,
  builtOf: (entry: string) => BuiltModule,
): readonly KubeObject[] {
  const code = new Map<string, readonly KubeObject[]>();
  const modules = modulesOf(worker).map((module) => {
    const file = fileOf(module, manifest);
    const bundle = file === undefined ? undefined : builtOf(file).bundle;
    if (bundle === undefined) return module;
    const configMaps = codeConfigMaps(worker, bundle);
    code.set(bundle.digest, configMaps);
    return { ...module, source: { bundle: named(bundle, configMaps) } };
  });
  const changed = code.size === 0 ? worker : { ...worker, spec: { ...(worker.spec as object), modules } };
  return [...[...code.values()].flat(), changed];
}

function withModule(worker: KubeObject, { bundle }: BuiltModule): readonly KubeObject[] {
  if (bundle === undefined) return [worker];
  if (isOfRhai(worker)) return withPrelude(worker, bundle);
  const code = codeConfigMaps(worker, bundle);
  const { keep } = (worker.spec as { source: { keep?: unknown } }).source;
  const source = { bundle: named(bundle, code), ...(keep === undefined ? {} : { keep }) };
  return [...code, { ...worker, spec: { ...(worker.spec as object), source } }];
}

function named({ digest }: Bundle, code: readonly KubeObject[]): object {
  return { digest, configMaps: code.map(({ metadata: { name } }) => name) };
}

function isOfRhai({ spec }: KubeObject): boolean {
  return (spec as { runtime?: unknown } | undefined)?.runtime === 'Rhai';
}

/** What the prelude is in its ConfigMap. */
const preludeKey = 'prelude.rhai';

/** A prelude is no code that Deno runs: it is a text of a ConfigMap, as one that somebody wrote there. */
function withPrelude(worker: KubeObject, bundle: Bundle): readonly KubeObject[] {
  const configMap = codeConfigMap(worker, codeName(worker, bundle), { data: { [preludeKey]: bundle.code } });
  const source = { configMap: { name: configMap.metadata.name, key: preludeKey } };
  return [configMap, { ...worker, spec: { ...(worker.spec as object), source } }];
}

/** The source is a bundle from then on, and config hashes go on telling what it was. */
function releaseNote(worker: KubeObject): Readonly<Record<string, string>> {
  const { source } = (worker.spec ?? {}) as { source?: { release?: unknown } };
  const release = releaseOnDisk(source?.release);
  return release === undefined ? {} : { [releaseOf]: JSON.stringify(release) };
}

interface Named {
  readonly bundle?: { readonly configMaps?: readonly string[] };
}

/** Names of the ConfigMaps with the code of a worker that was made by {@link withCode}. */
export function codeNames(worker: KubeObject): readonly string[] {
  const { source } = (worker.spec ?? {}) as { source?: Named & { configMap?: { name?: string } } };
  const prelude = isOfRhai(worker) ? source?.configMap?.name : undefined;
  const modules = modulesOf(worker).flatMap((module) =>
    (module as { source?: Named }).source?.bundle?.configMaps ?? []
  );
  return [...source?.bundle?.configMaps ?? [], ...(prelude === undefined ? [] : [prelude]), ...modules];
}

function codeConfigMaps(worker: KubeObject, bundle: Bundle): readonly KubeObject[] {
  const whole = codeName(worker, bundle);
  const parts = partsOf(bundle);
  return parts.map((part, at) => codeConfigMap(worker, parts.length === 1 ? whole : `${whole}-${at + 1}`, part));
}

/** Another code is another name, so that it never changes under who reads it. */
function codeName({ metadata: { name } }: KubeObject, { digest }: Bundle): string {
  return `${name.slice(0, 220)}-code-${digest.replace('sha256-', '').slice(0, 12)}`;
}

function codeConfigMap({ metadata }: KubeObject, name: string, content: object): KubeObject {
  const { namespace } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [codeOf]: codeLabel(metadata.name) },
    },
    immutable: true,
    ...content,
  };
}
