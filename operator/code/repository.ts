/** Makes one file of a module in a Git repository, by the configuration and the lock the repository has. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { denyImport } from './denied-hosts.ts';
import type { DenoTool } from './deno.ts';
import { checkOut } from './git.ts';
import { readImportMap } from './import-map.ts';
import type { FailedCode, RefusedCode, ResolveOutcome } from './outcome.ts';
import { remoteProblem } from './remote-problem.ts';
import { type CodeCredentials, type CodeRequest, importHostsOf } from './request.ts';

/** A module in a repository, and where to work. */
export interface RepositoryRequest {
  readonly request: CodeRequest & { readonly entry: { readonly kind: 'git' } };
  readonly credentials: CodeCredentials | undefined;
  readonly deno: DenoTool;
  readonly folder: string;
  readonly deadlineMs: number;
  /** Declarations of the runtime's module, for requests that have types checked. */
  readonly runtimeTypes: string | undefined;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** Resolves a module of a repository; whatever is wrong with it is an outcome. */
export async function resolveRepository(asked: RepositoryRequest): Promise<ResolveOutcome> {
  const { request, credentials, deno, folder, deadlineMs, runtimeTypes, now, signal } = asked;
  const { entry: { url, ref, path }, integrity } = request;
  const found = await checkOut({ url, ref, credentials, folder, deadlineMs, signal });
  if (found.kind !== 'checkedOut') return found;
  const { tree, commit } = found;
  const entry = join(tree, path);
  if (!await isFile(entry)) {
    return failed('SourceNotFound', `${url} has no file ${path} at ${commit.slice(0, 12)}: check spec.source.git.path`);
  }
  // Whatever lies above the repository on this machine is no part of it.
  if (!await isConfigured(tree)) await writeFile(join(tree, 'deno.json'), '{}');
  const settings = await settingsIn(folder, request);
  if (typeof settings === 'string') return refused('InvalidSource', settings);
  const made = await bundle({ entry, deno, namedFrom: tree, runtimeTypes, settings, signal });
  if (!made.ok) {
    if (made.isMistyped) return refused('InvalidSource', made.problem);
    if (made.said === undefined) return refused('ImportRefused', made.problem);
    return remoteProblem(made.said, entry, (file) => file.replace(`${tree}/`, ''));
  }
  const { code, map, mapName, digest, bytes, modules } = made.bundle;
  if (integrity !== undefined && sri(code) !== integrity && sri(await readFile(entry)) !== integrity) {
    return refused(
      'IntegrityMismatch',
      `${path} of ${url} has the digest ${sri(await readFile(entry))} at ${
        commit.slice(0, 12)
      }, and spec.source.integrity wants ${integrity}: find out why it has changed, then name the new digest`,
    );
  }
  const time = now().toISOString();
  return { kind: 'resolved', code, map, mapName, digest, bytes, modules, commit, entry: `${url}#${path}`, time };
}

/** What Deno is told of imports; or what is wrong with it. */
async function settingsIn(folder: string, request: RepositoryRequest['request']): Promise<readonly string[] | string> {
  const { lock, importMap, entry } = request;
  const settings = [`--allow-import=${importHostsOf(request).join(',')}`, denyImport];
  if (lock !== undefined) {
    await writeFile(join(folder, 'deno.lock'), lock);
    settings.push(`--lock=${join(folder, 'deno.lock')}`, '--frozen');
  }
  if (importMap === undefined) return settings;
  const map = readImportMap(importMap, new URL(`file://${join(folder, 'tree', entry.path)}`).href);
  if (!map.ok) return map.problem;
  await writeFile(join(folder, 'import-map.json'), JSON.stringify(map.map));
  return [...settings, `--import-map=${join(folder, 'import-map.json')}`];
}

async function isConfigured(folder: string): Promise<boolean> {
  const names = ['deno.json', 'deno.jsonc', 'package.json'];
  return (await Promise.all(names.map((name) => isFile(join(folder, name))))).some((one) => one);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then((one) => one.isFile(), () => false);
}

function sri(content: Buffer | string): string {
  return `sha256-${createHash('sha256').update(content).digest('base64')}`;
}

function failed(reason: FailedCode['reason'], sentence: string): FailedCode {
  return { kind: 'failed', reason, sentence };
}

function refused(reason: RefusedCode['reason'], sentence: string): RefusedCode {
  return { kind: 'refused', reason, sentence };
}
