/** What a translation has to know about the cluster around a worker; answered from live copies, no I/O. */

/** Name of a Service. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** One port of a Service. */
export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** Number, or name of a container port. */
  readonly targetPort: number | string;
  readonly protocol: string;
}

/** The part of a Service that decides where its traffic goes. */
export interface Service {
  readonly type: string;
  readonly selector?: Readonly<Record<string, string>>;
  /** `None` for a headless Service; absent for an ExternalName. */
  readonly clusterIP?: string;
  readonly externalName?: string;
  readonly ports: readonly ServicePort[];
}

/** Addresses behind a Service, of one EndpointSlice: all of them on all of its ports. */
export interface EndpointAddresses {
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol: string }[];
}

/** The cluster as the worker's namespace sees it: a plain object, so that one answer can be replaced. */
export interface Topology {
  /** The worker's namespace: names without one mean this. */
  readonly namespace: string;
  /** Without dots at its ends: `cluster.local`. */
  readonly clusterDomain: string;
  service(namespace: string, name: string): Service | undefined;
  /** EndpointSlices of a Service; needed for Services without a selector alone. */
  addresses?(namespace: string, name: string): readonly EndpointAddresses[];
  /** Why the EndpointSlices of a Service cannot be read, in one sentence; undefined when they can. */
  addressesProblem?(namespace: string, name: string): string | undefined;
  /** The Service that has this cluster IP, given in canonical text. */
  serviceByClusterIP?(address: string): ServiceRef | undefined;
  /** True when some Service has its cluster IP in the block, given in canonical text. */
  holdsService?(cidr: string): boolean;
  /** Addresses a name outside the cluster resolved to; none where names are not resolved. */
  outsideAddresses?(host: string): readonly string[];
  /** What is to be said about those addresses: DNS fails, the name does not exist, there are too many. */
  outsideNotes?(host: string): readonly string[];
}

/** True for a Service without an address of its own: its name resolves to its pods. */
export function isHeadless(service: Service): boolean {
  return service.clusterIP === 'None';
}
