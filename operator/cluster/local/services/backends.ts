/** Which pods stand behind a Service, and where. Pure. */
import type { KubeObject } from '../../cluster.ts';

/** The first port of a Service, and whom it leads to; undefined for one that leads to no pods. */
export interface Behind {
  readonly port: number;
  readonly targetPort: number | string;
  readonly selector: Readonly<Record<string, string>>;
}

interface ServiceSpec {
  readonly type?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[];
}

interface PodView {
  readonly spec?: {
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** What a Service asks for. */
export function behind({ spec }: KubeObject): Behind | undefined {
  const { type = 'ClusterIP', selector = {}, ports: [first] = [] } = (spec ?? {}) as ServiceSpec;
  if (type === 'ExternalName' || first === undefined || Object.keys(selector).length === 0) return undefined;
  return { port: first.port, targetPort: first.targetPort ?? first.port, selector };
}

/** Where a ready pod takes what a Service sends it; undefined for a pod that is not behind it, or not ready. */
export function portOfPod(pod: KubeObject, { selector, targetPort }: Behind): number | undefined {
  const { spec, status } = pod as unknown as PodView;
  const labels = pod.metadata.labels ?? {};
  const isMeant = Object.entries(selector).every(([name, value]) => labels[name] === value);
  const isReady = status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true;
  if (!isMeant || !isReady || pod.metadata.deletionTimestamp !== undefined) return undefined;
  if (typeof targetPort === 'number') return targetPort;
  const ports = spec?.containers?.flatMap(({ ports: declared = [] }) => declared) ?? [];
  return ports.find(({ name }) => name === targetPort)?.containerPort;
}

/** The port people are to find a Service at, if it is free: ports below 1024 are not for everybody. */
export function wantedPort({ port }: Behind): number {
  return port < 1024 ? 8000 + port : port;
}
