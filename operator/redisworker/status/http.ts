/** Where a worker is called over HTTP. Pure. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';

/** Of a Service, what tells where it is had from outside: on a laptop there is no other way to it. */
interface Reached {
  readonly loadBalancer?: {
    readonly ingress?: readonly { readonly ip?: string; readonly ports?: readonly { readonly port?: number }[] }[];
  };
}

/** The address of its Service, once there is one. */
export function httpStatus({ children }: Observed, { blueprint }: ObservedSpec): RedisWorkerStatus {
  const { parent: { name, namespace }, http } = blueprint;
  const service = children.services.find(({ metadata }) => metadata.name === name);
  if (http === undefined || service === undefined) return {};
  const { loadBalancer } = (service.status ?? {}) as Reached;
  const { ip, ports: [first] = [] } = loadBalancer?.ingress?.[0] ?? {};
  const host = ip ?? `${name}.${namespace}.svc`;
  const port = ip === undefined ? http.port : first?.port ?? http.port;
  return { http: { url: port === 80 ? `http://${host}` : `http://${host}:${port}` } };
}
