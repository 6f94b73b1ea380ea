/** The documents of a manifest with every module that is a file made one file, and kept in ConfigMaps. */
import { basename, extname } from 'node:path';
import { stringify } from 'yaml';
import { manifestProblems } from '../operator/api/redisworker.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { codeFilesOf, withCode } from '../operator/cluster/local/files/bundled-worker.ts';
import { type BuiltModule, type BundleModule, unbuilt } from '../operator/cluster/local/files/module-builds.ts';
import { readYaml } from '../operator/cluster/local/files/yaml.ts';

/** What became of one file: the text of a manifest for a cluster, or what is wrong, one sentence each. */
export interface BuiltFile {
  /** Name of the file it is written to. */
  readonly name: string;
  /** As the user calls what it was made of. */
  readonly shown: string;
  readonly source: string;
  readonly text: string;
  readonly problems: readonly string[];
}

/** Makes it. @param file absolute path, also of a module that has no manifest but `text` */
export async function buildFile(file: string, shown: string, text: string, bundle: BundleModule): Promise<BuiltFile> {
  const problems: string[] = [];
  const documents: unknown[] = [];
  for (const document of readYaml(text)) {
    if (!document.ok) {
      problems.push(`${shown}:${document.line}: ${document.problem}`);
      continue;
    }
    for (const object of itemsOf(document.value)) {
      const built = await buildObject(object, file, bundle);
      problems.push(...built.problems.map((problem) => `${shown}:${document.line}: ${problem}`));
      documents.push(...built.objects);
    }
  }
  return {
    name: `${basename(file, extname(file))}.yaml`,
    shown,
    source: text,
    text: documents.map((one) => stringify(one, { lineWidth: 0 })).join('---\n'),
    problems,
  };
}

/** What is no RedisWorker stays as it is. */
async function buildObject(
  object: unknown,
  file: string,
  bundle: BundleModule,
): Promise<{ readonly objects: readonly unknown[]; readonly problems: readonly string[] }> {
  if (!isWorker(object)) return { objects: [object], problems: [] };
  const { name } = object.metadata;
  const problems = manifestProblems(object).map((problem) => `RedisWorker ${name}: ${problem}`);
  if (problems.length > 0) return { objects: [object], problems };
  const built = new Map<string, BuiltModule>();
  for (const { entry, use } of codeFilesOf(object, file)) {
    const outcome = await bundle(entry, use);
    if (!outcome.ok) problems.push(`RedisWorker ${name}: ${outcome.problem}`);
    else built.set(entry, { bundle: outcome.bundle, problem: undefined });
  }
  if (problems.length > 0) return { objects: [], problems };
  return { objects: withCode(object, file, (entry) => built.get(entry) ?? unbuilt), problems };
}

function itemsOf(value: unknown): readonly unknown[] {
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  return kind === 'List' && Array.isArray(items) ? items : [value];
}

function isWorker(value: unknown): value is KubeObject {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } };
  return kind === 'RedisWorker' && typeof metadata?.name === 'string';
}
