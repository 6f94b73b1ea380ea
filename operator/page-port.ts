/** The status page on a port of its own, for those whom the API server lets see it. It only shows. */
import type { HttpServer } from './observability/http.ts';
import { type GuardOptions, metricsGuard } from './observability/metrics-guard.ts';
import type { Operator } from './operator.ts';
import { pageFile } from './page/html.ts';
import { type PageServerOptions, startPageServer } from './page/server.ts';
import { pageSource } from './page/source.ts';
import type { PageSettings } from './page-settings.ts';
import { serverIdentity } from './server-identity.ts';

/** What the port stands on. */
export interface PagePort extends Pick<GuardOptions, 'review'>, Pick<PageServerOptions, 'clock' | 'log'> {
  /** The operator of this process; undefined while another process leads. */
  readonly operator: () => Operator | undefined;
}

/** Opens it. @throws Error when it cannot be taken */
export async function openPagePort(settings: PageSettings, port: PagePort): Promise<HttpServer> {
  const { operator, review, clock, log } = port;
  const started = (): Operator | undefined => operator()?.isStarted() === true ? operator() : undefined;
  const server = await startPageServer({
    address: settings.address,
    port: settings.port,
    identity: serverIdentity(settings.identity, clock.now()),
    guard: metricsGuard({ review, clock }),
    howToEnter: 'show a token of somebody who may get /page, as "redisworker page" does with yours',
    page: pageFile,
    source: pageSource({
      operator: started,
      clock,
      mode: 'Cluster',
      absence: () =>
        operator() === undefined
          ? 'this replica stands by and follows no worker: ask the one that leads, as "redisworker page" does'
          : 'the operator has not read all workers yet: ask again in a moment',
    }),
    clock,
    log,
  });
  log.info({ port: server.port }, 'serving the status page');
  return server;
}
