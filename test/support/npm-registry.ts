/** A registry as npm has it, with packages of this checkout's node_modules. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const modules = join(import.meta.dirname, '../../node_modules');

/** It goes on until it is closed. */
export interface NpmRegistry {
  /** For NPM_CONFIG_REGISTRY. */
  readonly url: string;
  close(): void;
}

/** Serves each package in the one version that is installed, packed when it is asked for. */
export async function serveNpm(): Promise<NpmRegistry> {
  const packed = new Map<string, Promise<Buffer>>();
  const tarball = (name: string): Promise<Buffer> => {
    const known = packed.get(name) ?? pack(name);
    packed.set(name, known);
    return known;
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1);
    const [name = '', file] = path.split('/-/');
    const made = file === undefined ? about(name, url, tarball) : tarball(name);
    const type = file === undefined ? 'application/json' : 'application/octet-stream';
    made.then(
      (body) => response.writeHead(200, { 'content-type': type }).end(body),
      () => response.writeHead(404).end('{}'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, close: () => server.close() };
}

async function manifestOf(name: string): Promise<Record<string, unknown> & { version: string }> {
  return JSON.parse(await readFile(join(modules, name, 'package.json'), 'utf8')) as { version: string };
}

async function about(name: string, url: string, tarball: (name: string) => Promise<Buffer>): Promise<string> {
  const { version, dependencies, optionalDependencies } = await manifestOf(name);
  const bytes = await tarball(name);
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const dist = { tarball: `${url}${name}/-/package.tgz`, integrity };
  const versions = { [version]: { name, version, dependencies, optionalDependencies, dist } };
  return JSON.stringify({ name, 'dist-tags': { latest: version }, versions });
}

async function pack(name: string): Promise<Buffer> {
  const { stdout } = await promisify(execFile)(
    'tar',
    ['-cz', '--exclude=./node_modules', '--transform=s,^\\.,package,', '-C', join(modules, name), '.'],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}
