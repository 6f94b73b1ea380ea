/** A worker whose module is a file on disk, as a cluster has it: it names a bundle, and ConfigMaps hold that. Pure. */
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { Bundle } from '../../../code/bundle.ts';
import { partsOf } from '../../../code/bundle-parts.ts';
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

/** Absolute path of the module that a worker of this manifest names; undefined when it names none. */
export function moduleOf(worker: KubeObject, manifest: string): string | undefined {
  const { source } = (worker.spec ?? {}) as { source?: { file?: unknown; release?: unknown } };
  if (worker.kind !== resources.redisWorkers.kind) return undefined;
  if (typeof source?.file === 'string') return join(dirname(manifest), source.file);
  const release = releaseOnDisk(source?.release);
  return release && resolve(dirname(manifest), release.repo, release.class, ...versionFolder(release), 'worker.ts');
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

/** The objects that stand for a worker: the ConfigMaps with its code first, when there is some. */
export function withModule(worker: KubeObject, { bundle, problem }: BuiltModule): readonly KubeObject[] {
  const annotations = {
    ...worker.metadata.annotations,
    ...(problem === undefined ? {} : { [sourceProblem]: problem }),
    ...releaseNote(worker),
  };
  const metadata = Object.keys(annotations).length === 0 ? worker.metadata : { ...worker.metadata, annotations };
  if (bundle === undefined) return [{ ...worker, metadata }];
  if (isOfRhai(worker)) return withPrelude({ ...worker, metadata }, bundle);
  const code = codeConfigMaps(worker, bundle);
  const { keep } = (worker.spec as { source: { keep?: unknown } }).source;
  const source = {
    bundle: { digest: bundle.digest, configMaps: code.map((one) => one.metadata.name) },
    ...(keep === undefined ? {} : { keep }),
  };
  return [...code, { ...worker, metadata, spec: { ...(worker.spec as object), source } }];
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

/** Names of the ConfigMaps with the code of a worker that was made by {@link withModule}. */
export function codeNames(worker: KubeObject): readonly string[] {
  const { source } = (worker.spec ?? {}) as {
    source?: { bundle?: { configMaps?: readonly string[] }; configMap?: { name?: string } };
  };
  const prelude = isOfRhai(worker) ? source?.configMap?.name : undefined;
  return source?.bundle?.configMaps ?? (prelude === undefined ? [] : [prelude]);
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
