/** The manifest of a module that is run without one: what its file and the flags say. Pure. */
import { basename, dirname, extname, resolve } from 'node:path';
import { exitCodes, Failure } from './failure.ts';
import type { FlaggedWorker } from './refusals.ts';

/** What the flags of `up` say of modules that have no manifest. */
export interface ModuleSettings {
  readonly net?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly consumers?: number | undefined;
  readonly runtime?: 'Handler' | 'Script' | undefined;
  /** Values for `context.secrets`. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/** A module, and the manifest that stands for it. */
interface ModuleManifest {
  readonly worker: string;
  /** JSON, which is read as YAML. */
  readonly text: string;
}

const isModule = /\.(ts|tsx|mts|js|jsx|mjs)$/;

/** Names that say what a file is in its folder, and not what it does. */
const plainNames = new Set(['worker', 'main', 'mod', 'index']);

/** True for a file that is a module and no manifest. */
export function isModuleFile(path: string): boolean {
  return isModule.test(path);
}

/** The modules among the files, each with the manifest that stands for it. @throws Failure (usage) */
export function modulesOf(
  files: readonly string[],
  settings: ModuleSettings,
): { readonly modules: ReadonlyMap<string, string>; readonly workers: readonly FlaggedWorker[] } {
  const paths = files.filter(isModuleFile).map((file) => resolve(file));
  const given = Object.entries(settings).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (paths.length === 0 && given.length > 0) {
    throw new Failure(
      '--allow-net, --allow-env, --secrets, --consumers and --runtime are for a module such as greet.ts: a manifest says these things itself',
      exitCodes.usage,
    );
  }
  const made = paths.map((path) => ({ path, ...moduleManifest(path, settings) }));
  return {
    modules: new Map(made.map(({ path, text }) => [path, text])),
    workers: made.map(({ worker }) => ({ worker, net: settings.net ?? [], env: settings.env ?? [] })),
  };
}

/**
 * The manifest of a module.
 * @param path absolute
 * @throws Failure when its name can be no worker's
 */
export function moduleManifest(path: string, settings: ModuleSettings): ModuleManifest {
  const worker = workerName(path);
  const { net = [], env = [], consumers, runtime, secrets } = settings;
  const secretName = `${worker}-secrets`;
  const objects = [
    ...(secrets === undefined
      ? []
      : [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName }, stringData: secrets }]),
    {
      apiVersion: 'redisworker.dev/v1alpha1',
      kind: 'RedisWorker',
      metadata: { name: worker },
      spec: {
        source: { file: basename(path) },
        ...(runtime === undefined ? {} : { runtime }),
        ...(consumers === undefined ? {} : { consumers: { count: consumers } }),
        ...(secrets === undefined ? {} : { secretRef: { name: secretName } }),
        permissions: { net, env },
      },
    },
  ];
  return { worker, text: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) };
}

function workerName(path: string): string {
  const file = basename(path, extname(path));
  const given = plainNames.has(file) ? basename(dirname(path)) : file;
  const name = given.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^[-0-9]+|-+$/g, '').slice(0, 63);
  if (name !== '') return name;
  throw new Failure(
    `a worker takes its name from its file, and ${path} gives none: rename it to letters and digits, such as greet.ts`,
    exitCodes.usage,
  );
}
