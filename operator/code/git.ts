/** Takes the files of one commit out of a repository, as they are there, and nothing that leads out of them. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import * as fs from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import git, { type HttpClient } from 'isomorphic-git';
import { untrusted } from './certificate-problem.ts';
import { gitHttp, GitRefused } from './git-http.ts';
import type { FailedCode, RefusedCode } from './outcome.ts';
import type { CodeCredentials } from './request.ts';

/** What to take, and where to. */
export interface Checkout {
  readonly url: string;
  /** A branch, a tag, or a whole commit id. */
  readonly ref: string;
  readonly credentials: CodeCredentials | undefined;
  /** Absolute; gets the repository and its files. */
  readonly folder: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The files of a commit below `tree`. */
export interface CheckedOut {
  readonly kind: 'checkedOut';
  readonly commit: string;
  readonly tree: string;
}

/** Bounds of what is written, beside that of what is read. */
const mostFiles = 20_000;
const mostBytes = 256 * 1024 * 1024;

/** Fetches that commit alone; whatever is wrong is an outcome. */
export async function checkOut(asked: Checkout): Promise<CheckedOut | FailedCode | RefusedCode> {
  const http = gitHttp(AbortSignal.any([asked.signal, AbortSignal.timeout(asked.deadlineMs)]));
  try {
    const commit = await fetchCommit(asked, http);
    const tree = join(asked.folder, 'tree');
    await new TreeWriter(join(asked.folder, 'git'), tree).write(commit);
    return { kind: 'checkedOut', commit, tree };
  } catch (error) {
    return problemOf(error, asked);
  }
}

async function fetchCommit({ url, ref, credentials, folder }: Checkout, http: HttpClient): Promise<string> {
  const gitdir = join(folder, 'git');
  await git.init({ fs, dir: folder, gitdir, bare: true });
  await git.addRemote({ fs, dir: folder, gitdir, remote: 'origin', url });
  const headers = credentials === undefined ? {} : { Authorization: basic(credentials) };
  const { fetchHead } = await git.fetch({
    fs,
    http,
    dir: folder,
    gitdir,
    url,
    ref,
    remoteRef: ref,
    depth: 1,
    singleBranch: true,
    tags: false,
    headers,
  });
  if (fetchHead === null) throw new GitRefused(`${url} has no "${ref}": check spec.source.git.ref`);
  const { oid } = await git.readCommit({ fs, gitdir, oid: fetchHead });
  return oid;
}

/** Hosts take a token as a password, whatever the name. */
function basic(credentials: CodeCredentials): string {
  const [name, password] = credentials.kind === 'token'
    ? ['x-access-token', credentials.token]
    : [credentials.username, credentials.password];
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

class TreeWriter {
  readonly #gitdir: string;
  readonly #root: string;
  #files = 0;
  #bytes = 0;

  constructor(gitdir: string, root: string) {
    this.#gitdir = gitdir;
    this.#root = root;
  }

  async write(oid: string, folder = this.#root): Promise<void> {
    await mkdir(folder, { recursive: true });
    const { tree } = await git.readTree({ fs, gitdir: this.#gitdir, oid });
    for (const { path, type, mode, oid: entry } of tree) {
      if (!isPlainName(path)) throw new GitRefused(`the repository has a file named "${path}", which is not written`);
      if (type === 'tree') await this.write(entry, join(folder, path));
      else if (type === 'blob') await this.#file(join(folder, path), entry, mode.endsWith('120000'));
    }
  }

  async #file(path: string, oid: string, isLink: boolean): Promise<void> {
    const { blob } = await git.readBlob({ fs, gitdir: this.#gitdir, oid });
    this.#files += 1;
    this.#bytes += blob.length;
    if (this.#files > mostFiles || this.#bytes > mostBytes) {
      throw new GitRefused(
        `the repository has more than ${mostFiles} files or ${mostBytes / 1024 / 1024} MiB: name a smaller one`,
      );
    }
    if (!isLink) return writeFile(path, blob);
    const target = Buffer.from(blob).toString();
    // One that leads out of the repository leads into this machine.
    if (`${resolve(dirname(path), target)}${sep}`.startsWith(this.#root + sep)) await symlink(target, path);
  }
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.toLowerCase() !== '.git' && !/[/\\\0]/.test(name);
}

function problemOf(error: unknown, { url, ref, deadlineMs }: Checkout): FailedCode | RefusedCode {
  if (error instanceof GitRefused) return { kind: 'refused', reason: 'InvalidSource', sentence: error.message };
  const { name, message, code, data, cause } = error as Error & {
    code?: string;
    data?: { statusCode?: number };
    cause?: { message?: string; code?: string };
  };
  const status = data?.statusCode;
  if (status === 401 || status === 403) {
    return failed(
      'SourceUnauthorized',
      `${url} answers with ${status}: give credentials in spec.source.credentialsSecretRef that may read it`,
    );
  }
  if (status === 404) {
    return failed(
      'SourceNotFound',
      `there is no repository at ${url}, or none for whoever asks: check spec.source.git.url and its credentials`,
    );
  }
  if (code === 'NotFoundError') return failed('SourceNotFound', `${url} has no "${ref}": check spec.source.git.ref`);
  if (name === 'TimeoutError') {
    return failed('SourceUnreachable', `${url} did not answer within ${deadlineMs / 1000} s`);
  }
  const said = [message, cause?.message, cause?.code].join(' ');
  return failed(
    'SourceUnreachable',
    untrusted(said, url) ?? `${url} cannot be fetched: ${cause?.message || cause?.code || message}`,
  );
}

function failed(reason: FailedCode['reason'], sentence: string): FailedCode {
  return { kind: 'failed', reason, sentence };
}
