/** /metrics on a port of its own, as the flags say. */
import type { MetricsSettings } from './metrics-settings.ts';
import type { HttpServer } from './observability/http.ts';
import { type GuardOptions, metricsGuard } from './observability/metrics-guard.ts';
import { type MetricsServerOptions, startMetricsServer } from './observability/metrics-server.ts';
import { serverIdentity } from './server-identity.ts';

/** What the port stands on. */
export type MetricsPort = Pick<GuardOptions, 'review'> & Pick<MetricsServerOptions, 'metrics' | 'clock' | 'log'>;

/** Opens it. @throws Error when it cannot be taken */
export async function openMetricsPort(settings: MetricsSettings, port: MetricsPort): Promise<HttpServer> {
  const { metrics, clock, log, review } = port;
  const identity = settings.identity && serverIdentity(settings.identity, clock.now());
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
