/** What a spec asks for that is code from elsewhere. Pure. */
import { createHash } from 'node:crypto';
import type { WorkerConfig } from '../../../contract/config-hash.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import { type CodeRequest, requestDigest } from '../../code/request.ts';

type SourceSpec = RedisWorkerSpec['source'];

/** Texts a request is made with beside the spec, and what the operator was started with. */
export interface RequestParts {
  readonly namespace: string;
  readonly lock?: string | undefined;
  readonly importMap?: string | undefined;
  readonly registries: CodeRequest['registries'];
}

/** True for a source that is resolved, and then kept. */
export function isElsewhere({ url, release, git }: { readonly [Key in 'url' | 'release' | 'git']?: unknown }): boolean {
  return url !== undefined || release !== undefined || git !== undefined;
}

/** Why a release is of the disk of whoever wrote the manifest, in half a sentence; undefined when it is not. */
export function localRelease({ release }: SourceSpec): string | undefined {
  if (release === undefined) return undefined;
  if (!/^https?:\/\//.test(release.repo)) return `spec.source.release.repo is ${release.repo}, a folder`;
  return release.version === 'local' ? 'spec.source.release.version is "local"' : undefined;
}

/** The request of a source that {@link isElsewhere} and on no disk. */
export function codeRequestOf(
  source: SourceSpec,
  { namespace, lock, importMap, registries }: RequestParts,
): CodeRequest {
  const { integrity, importHosts, typeCheck, credentialsSecretRef } = source;
  return {
    entry: entryOf(source),
    registries,
    ...(integrity === undefined ? {} : { integrity }),
    ...(lock === undefined ? {} : { lock }),
    ...(importMap === undefined ? {} : { importMap }),
    ...(importHosts === undefined ? {} : { importHosts }),
    ...(typeCheck === 'Enabled' ? { typeCheck } : {}),
    ...(credentialsSecretRef === undefined ? {} : { credentials: { namespace, name: credentialsSecretRef.name } }),
  };
}

function entryOf({ url, release, git }: SourceSpec): CodeRequest['entry'] {
  if (git !== undefined) return { kind: 'git', ...git };
  return { kind: 'url', url: url ?? (release === undefined ? '' : releaseUrl(release)) };
}

/** Where a release is. */
export function releaseUrl({ repo, class: name, version }: NonNullable<SourceSpec['release']>): string {
  return `${repo.replace(/\/+$/, '')}/${name}/${version}/worker.ts`;
}

/** Id of the question for a request: another wish is another question. */
export function questionId(request: CodeRequest, wish: string | undefined): string {
  return createHash('sha256').update(JSON.stringify([requestDigest(request), wish ?? null])).digest('hex');
}

/**
 * What config hashes say of where code came from: the fields of the older contracts.
 * @param release of a worker on a laptop whose release was taken from disk, as JSON
 */
export function cameFrom(
  source: SourceSpec,
  release: string | undefined,
): Pick<WorkerConfig, 'workerUrl' | 'workerVersion' | 'repo' | 'class'> | undefined {
  const { url, git } = source;
  if (url !== undefined) return { workerUrl: url };
  if (git !== undefined) return { workerUrl: git.url, workerVersion: git.ref };
  const released = source.release ?? readRelease(release);
  if (released === undefined) return undefined;
  const { repo, class: name, version } = released;
  const where = /^https?:/.test(repo) ? { workerUrl: releaseUrl(released) } : {};
  return { ...where, repo, class: name, workerVersion: version };
}

function readRelease(text: string | undefined): SourceSpec['release'] {
  if (text === undefined) return undefined;
  try {
    const { repo, class: name, version } = JSON.parse(text) as Record<string, unknown>;
    return typeof repo === 'string' && typeof name === 'string' && typeof version === 'string'
      ? { repo, class: name, version }
      : undefined;
  } catch {
    return undefined;
  }
}
