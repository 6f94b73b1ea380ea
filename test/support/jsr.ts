/** A registry as jsr.io is one, with a single package. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** It goes on until it is closed. */
export interface TestJsr {
  /** For JSR_URL. */
  readonly url: string;
  /** Another text under the version there is, as no registry should have it. */
  replace(code: string): void;
  close(): void;
}

/** Serves one version of a package with one module. @param name `@scope/name` */
export async function serveJsr(name: string, version: string, code: string): Promise<TestJsr> {
  let text = code;
  const [scope, short] = name.slice(1).split('/');
  const answers: Readonly<Record<string, () => string>> = {
    [`/${name}/meta.json`]: () => JSON.stringify({ scope, name: short, latest: version, versions: { [version]: {} } }),
    [`/${name}/${version}_meta.json`]: () => {
      const checksum = `sha256-${createHash('sha256').update(text).digest('hex')}`;
      const manifest = { '/mod.ts': { size: Buffer.byteLength(text), checksum } };
      return JSON.stringify({ manifest, exports: { '.': './mod.ts' }, moduleGraph2: { '/mod.ts': {} } });
    },
    [`/${name}/${version}/mod.ts`]: () => text,
  };
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    const type = url.endsWith('.json') ? 'application/json' : 'application/typescript';
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': type }).end(answer?.());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    replace(other) {
      text = other;
    },
    close: () => server.close(),
  };
}
