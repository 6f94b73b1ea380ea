/** `redisworker validate`: what is wrong with manifest files, as an API server and the operator would tell it. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { cwd, env } from 'node:process';
import { generateKey } from '../contract/secrets.ts';
import { keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { importFault } from '../operator/code/imports.ts';
import { type CodeUse, moduleCode, workerCode } from '../operator/code/use.ts';
import type { ShapingOptions } from '../operator/defaults.ts';
import { counted } from '../operator/counted.ts';
import { type ExitCode, exitCodes } from './failure.ts';
import type { Io } from './io.ts';
import { linesOfManifests, type ManifestLines } from './manifest-lines.ts';
import { type Guess, identified, readDocuments, standIns } from './render-documents.ts';
import { type Known, lookAtAll } from './render-look.ts';
import { rhaiFault } from './rhai-engine.ts';
import { installedDeno, syntaxFault } from './syntax.ts';

/** What to validate, and for which cluster. */
export interface ValidateOptions {
  /** Files, folders, and `-` for standard input. */
  readonly files: readonly string[];
  /** Namespace of documents that name none. */
  readonly namespace: string;
  readonly options: ShapingOptions;
  /** How Jobs are made that resolve code. */
  readonly code: Known['code'];
}

/** A Redis workers may have when none is named: which one it is, is not the manifest's to say. */
const someRedis = 'redis://redis:6379';

/** Prints each fault in a line, or how many workers are well. @returns 1 when there is any */
export async function validate(
  { files, namespace, options, code }: ValidateOptions,
  io: Io,
): Promise<ExitCode> {
  const { objects, problems, texts } = await readDocuments(files, namespace, io);
  const lines = linesOfManifests(texts, namespace);
  const workers = objects.filter(({ kind }) => kind === resources.redisWorkers.kind);
  const faults = [
    ...problems.map((problem) => lines.closer(problem)),
    ...await refusals(objects, { ...options, redisUrl: options.redisUrl ?? someRedis }, code, lines),
    ...await syntaxFaults(workers, lines),
  ];
  for (const fault of faults) io.err(fault);
  if (faults.length > 0) return exitCodes.failed;
  if (workers.length === 0) {
    io.err(`there is no RedisWorker in ${files.join(', ')}`);
    return exitCodes.failed;
  }
  io.out(`${counted(workers.length, 'worker')}, and nothing wrong`);
  return exitCodes.ok;
}

/** A cluster reads no disk: before a manifest goes there, what it names is built. */
const builtFirst = 'SourceIsLocal';

/** What only the operator finds: what another spec alone can help. */
async function refusals(
  objects: readonly KubeObject[],
  options: ShapingOptions,
  code: Known['code'],
  lines: ManifestLines,
): Promise<readonly string[]> {
  const stem = randomUUID().slice('00000000'.length);
  const guess: Guess = {
    uid: (_, at) => `${String(at).padStart(8, '0')}${stem}`,
    aesKey: generateKey(),
    password: randomUUID(),
    now: Date.now(),
    value: randomUUID(),
  };
  const known = { options, code, addresses: new Map<string, readonly string[]>(), members: [] };
  const documents = [...identified(objects, guess), ...standIns(objects, guess, options.secretConsent)];
  const seen = await lookAtAll(documents, known, guess);
  return seen.flatMap(({ worker, plan: { problems } }) =>
    problems.filter(({ terminal, reason }) => terminal && reason !== builtFirst).map(({ message }) =>
      lines.of(worker, message)
    )
  );
}

/** Code that stands in the manifests themselves, or in a file beside them. */
async function syntaxFaults(workers: readonly KubeObject[], lines: ManifestLines): Promise<readonly string[]> {
  const faults: (string | undefined)[] = [];
  for (const { metadata, spec } of workers) {
    const key = keyOf(metadata);
    const { source: { inline, file } = {}, modules = [], runtime } = spec as {
      readonly source?: { readonly inline?: string; readonly file?: string };
      readonly modules?: readonly GivenModule[];
      readonly runtime?: string;
    };
    const isRhai = runtime === 'Rhai';
    const fault = inline === undefined ? undefined : await (isRhai ? rhaiFault : syntaxFault)(inline);
    if (fault !== undefined) faults.push(lines.ofCode(key, fault.line, fault.message));
    if (file !== undefined) {
      faults.push(await fileFault(key, { file, field: 'spec.source.file', use: workerCode }, lines, isRhai));
    }
    faults.push(...await moduleFaults(key, modules, lines));
  }
  return faults.filter((fault) => fault !== undefined);
}

interface GivenModule {
  readonly source: { readonly inline?: string; readonly file?: string };
}

async function moduleFaults(
  worker: string,
  modules: readonly GivenModule[],
  lines: ManifestLines,
): Promise<readonly string[]> {
  const faults = await Promise.all(modules.map(async ({ source: { inline = '', file } }, at) => {
    const field = `spec.modules[${at}].source`;
    if (file !== undefined) return await fileFault(worker, { file, field: `${field}.file`, use: moduleCode }, lines);
    const fault = await syntaxFault(inline);
    return fault && lines.ofCode(worker, fault.line, fault.message, `${field}.inline`);
  }));
  return faults.filter((fault) => fault !== undefined);
}

/** A file that a manifest names, and where. */
interface NamedFile {
  readonly file: string;
  readonly field: string;
  readonly use: CodeUse;
}

/** Standard input has no folder: a path in it is meant from here. */
async function fileFault(
  worker: string,
  { file: path, field, use }: NamedFile,
  lines: ManifestLines,
  isRhai = false,
): Promise<string | undefined> {
  const file = resolve(dirname(lines.fileOf(worker) ?? '.'), path);
  const code = await readFile(file, 'utf8').catch(() => undefined);
  if (code === undefined) return lines.of(worker, `${field}: there is no file ${file} that can be read`);
  const fault = await (isRhai ? rhaiFault : syntaxFault)(code);
  if (fault !== undefined) return `${file}:${fault.line}: ${fault.message}`;
  return isRhai ? undefined : await importFaultOf(file, use);
}

/** What a bundle of it would be refused for, as far as that needs no network; nothing where there is no Deno. */
async function importFaultOf(file: string, use: CodeUse): Promise<string | undefined> {
  const path = installedDeno();
  if (path === undefined) return undefined;
  const { codeCache } = await import('./bundle-module.ts');
  const deno = { path, cache: codeCache(env), environment: env };
  return await importFault({ entry: file, deno, namedFrom: cwd(), use });
}
