/** /metrics on a port of its own, as the flags say. */
import { hostname } from 'node:os';
import { type Followed, unchanging } from './followed-files.ts';
import type { MetricsSettings } from './metrics-settings.ts';
import type { HttpServer } from './observability/http.ts';
import { type GuardOptions, metricsGuard } from './observability/metrics-guard.ts';
import { type MetricsServerOptions, type ServerIdentity, startMetricsServer } from './observability/metrics-server.ts';
import { selfSigned } from './observability/self-signed.ts';

/** What the port stands on. */
export type MetricsPort = Pick<GuardOptions, 'review'> & Pick<MetricsServerOptions, 'metrics' | 'clock' | 'log'>;

/** Opens it. @throws Error when it cannot be taken */
export async function openMetricsPort(settings: MetricsSettings, port: MetricsPort): Promise<HttpServer> {
  const { metrics, clock, log, review } = port;
  const identity = identityOf(settings, clock.now());
  const server = await startMetricsServer({
    address: settings.address,
    port: settings.port,
    identity,
    guard: settings.auth === undefined ? undefined : metricsGuard({ review, clock }),
    metrics,
    clock,
    log,
  });
  log.info({ port: server.port, tls: identity !== undefined, auth: settings.auth ?? 'none' }, 'serving /metrics');
  return server;
}

function identityOf({ identity }: MetricsSettings, nowMs: number): Followed<ServerIdentity> | undefined {
  return identity === 'SelfSigned' ? unchanging(selfSigned(['localhost', hostname()], nowMs)) : identity;
}
