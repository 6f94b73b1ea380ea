/** Serves a status page on this machine, for whoever is given its address: other users and other sites reach the port too. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../operator/clock.ts';
import type { HttpServer } from '../operator/observability/listen.ts';
import { type PageServerOptions, startPageServer } from '../operator/page/server.ts';
import { tokenGuard } from '../operator/page/token-guard.ts';
import { usualPagePort } from './page-port.ts';
import { program } from './program.ts';

const address = '127.0.0.1';

/** What is served, and where. */
export interface ServedPage extends Pick<PageServerOptions, 'page' | 'source' | 'log'> {
  /** The usual one gives way to any other when it is taken. */
  readonly port: number | 'usual';
  /** The command that prints the address. */
  readonly command: 'up' | 'page';
}

/** @returns the server, and the address with a token that is new each time. @throws what listening throws */
export async function servePage(
  { port, command, page, source, log }: ServedPage,
): Promise<{ readonly url: string; readonly server: HttpServer }> {
  const token = randomBytes(24).toString('base64url');
  const listen = (wanted: number): Promise<HttpServer> =>
    startPageServer({
      address,
      port: wanted,
      guard: tokenGuard(token),
      howToEnter: `open the address that "${program} ${command}" has printed: it carries the token`,
      hosts: [address, 'localhost'],
      page,
      source,
      clock: systemClock,
      log,
    });
  const server = await (port === 'usual' ? listen(usualPagePort).catch(() => listen(0)) : listen(port));
  return { url: `http://${address}:${server.port}/#token=${token}`, server };
}
