/** A Git host: repositories of a folder by smart HTTP, served by git itself. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A host under way. */
export interface GitServer {
  readonly url: string;
  /** Commits files to a branch of a repository, which is made when there is none. @returns the commit */
  commit(repository: string, files: Readonly<Record<string, string>>, branch?: string): Promise<string>;
  /** Runs git in the work tree of a repository. */
  git(repository: string, ...args: readonly string[]): string;
  /** From now on whoever asks needs this password. */
  demand(password: string): void;
  close(): Promise<void>;
}

/** True where git is installed with what serves it. */
export function hasGitServer(): boolean {
  try {
    execFileSync('git', ['http-backend'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], REQUEST_METHOD: 'GET' },
    });
  } catch (error) {
    return (error as { status?: number | null }).status !== 127 && (error as { code?: string }).code !== 'ENOENT';
  }
  return true;
}

const identity = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

/** Starts one on a free port. @param tls key and certificate, for https */
export async function startGitServer(tls?: { readonly key: string; readonly cert: string }): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'redisworker-git-'));
  let wanted: string | undefined;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (wanted !== undefined) {
      const given = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
      if (given.slice(given.indexOf(':') + 1) !== wanted) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
        return;
      }
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
        CONTENT_LENGTH: request.headers['content-length'],
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.once('close', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      const headers = Object.fromEntries(
        all.subarray(0, end).toString().split('\r\n').map((line) => line.split(/: ?/, 2) as [string, string]),
      );
      const { Status: status = '200', ...rest } = headers;
      response.writeHead(parseInt(status, 10), rest).end(all.subarray(end + 4));
    });
  };
  const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const git = (repository: string, ...args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: join(root, repository),
      env: { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1', ...identity },
      encoding: 'utf8',
    }).trim();
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    git,
    demand: (password) => void (wanted = password),
    async commit(repository, files, branch = 'main') {
      await mkdir(join(root, repository), { recursive: true });
      git(repository, 'init', '-q', '-b', branch);
      git(repository, 'checkout', '-q', '-B', branch);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, repository, path)), { recursive: true });
        await writeFile(join(root, repository, path), text);
      }
      git(repository, 'add', '-A');
      git(repository, 'commit', '-q', '-m', 'a change');
      return git(repository, 'rev-parse', 'HEAD');
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await rm(root, { recursive: true, force: true });
    },
  };
}
