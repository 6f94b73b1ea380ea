/** The cluster port on a real API server. */
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../../clock.ts';
import type { Cluster, FieldManager, Followed, KubeObject, ObjectRef } from '../cluster.ts';
import { type Review, reviewAccess } from './access-review.ts';
import { followByAsking } from './asked-copy.ts';
import { type KubeconfigChoice, readClusterConfig } from './config.ts';
import { Events } from './events.ts';
import type { Hooks, Log } from './hooks.ts';
import { openHttp } from './http.ts';
import { type Candidate, type Election, electLeader, type LeaseTiming } from './lease.ts';
import { follow, type LiveCopy } from './live-copy.ts';
import { type ApplyOptions, namespaceOf, openObjects } from './objects.ts';
import { maxCallConnections, Session } from './session.ts';
import { readLog } from './read-log.ts';
import type { Rate } from './throttle.ts';
import { requestToken, type ShortToken } from './token-request.ts';
import { type WatchTiming, watchTiming } from './watch.ts';

export type { Review } from './access-review.ts';
export type { Hooks, Log } from './hooks.ts';
export type { Candidate, Election, LeaseTiming } from './lease.ts';
export type { Rate } from './throttle.ts';
export type { ShortToken } from './token-request.ts';
export type { WatchTiming } from './watch.ts';

/** How to connect. */
export interface KubernetesOptions extends KubeconfigChoice {
  /** The only namespace this process may look into. Lists and follows that name none are confined to it. */
  readonly namespace?: string;
  /** Calls per second at most; none when absent: the API server says when it has enough. */
  readonly rate?: Rate | undefined;
  readonly log: Log;
  readonly hooks?: Hooks;
  /** Name of this process in events. Default: the host name, which is the pod's name in a cluster. */
  readonly instance?: string;
  readonly clock?: Clock;
  /** 0 to 1. */
  readonly random?: () => number;
  readonly watchTiming?: Partial<WatchTiming>;
  readonly leaseTiming?: LeaseTiming;
}

/** An API server. */
export interface KubernetesCluster extends Cluster {
  readonly server: string;
  /** Namespace of the pod this process runs in, or of the kubeconfig's context. */
  readonly ownNamespace: string | undefined;
  /** Stands for election on a Lease; from then on objects are written only while it leads. Elections are stopped by the caller, before {@link Cluster.close}. */
  elect(candidate: Candidate): Election;
  /** Server-side apply that leaves the fields of others alone unless told. @throws ClusterError of reason `Conflict` that names them */
  applyBeside(object: KubeObject, manager: FieldManager, options?: ApplyOptions): Promise<KubeObject>;
  /** A container's log, of so many bytes from its beginning. @throws ClusterError */
  readLog(pod: ObjectRef, container: string, bytes: number): Promise<string>;
  /** Whose token this is, and whether they may get a path that is no resource, such as `/metrics`. @throws ClusterError */
  review(token: string, path: string): Promise<Review>;
  /** A token of a ServiceAccount, for that many seconds or what the server makes of them. @throws ClusterError */
  requestToken(account: ObjectRef, seconds: number): Promise<ShortToken>;
}

/**
 * Reads the configuration and credentials; talks to the API server only when asked something.
 * @throws Error saying what is missing in the configuration
 */
export async function connectKubernetes(options: KubernetesOptions): Promise<KubernetesCluster> {
  const { log, hooks = {}, clock = systemClock, random = Math.random, instance = hostname() } = options;
  const config = await readClusterConfig(options);
  const session = await Session.open(config, clock, log);
  let election: Election | undefined;
  const lost = new AbortController();
  const mayWrite = (): boolean => election?.leading() ?? true;
  const limits = { slots: maxCallConnections, rate: options.rate };
  const http = openHttp({ session, clock, hooks, random, limits, fence: { holds: mayWrite, lost: lost.signal } });
  const events = new Events({ http, clock, log, hooks, instance });
  const watching = { http, clock, random, log, hooks, timing: { ...watchTiming, ...options.watchTiming } };
  const followed = new Set<Followed>();
  const watched = new Set<LiveCopy>();
  const objects = openObjects(http, options.namespace);
  /** What is answered is known to the copies before the watch tells it, so that no look takes it for missing. */
  const known = async (written: Promise<KubeObject>): Promise<KubeObject> => {
    const object = await written;
    for (const copy of watched) copy.wrote(object);
    return object;
  };
  return {
    server: config.server,
    ownNamespace: config.namespace,
    ...objects,
    create: (...what) => known(objects.create(...what)),
    apply: (...what) => known(objects.apply(...what)),
    applyStatus: (...what) => known(objects.applyStatus(...what)),
    patch: (...what) => known(objects.patch(...what)),
    record: (event) => events.record(event),
    follow(resource, which = {}) {
      const wanted = { ...which, ...namespaceOf(which, options.namespace) };
      if (resource.readOneByOne) {
        const asked = followByAsking(watching, resource, wanted, () => followed.delete(asked));
        followed.add(asked);
        return asked;
      }
      const copy = follow(watching, resource, wanted, () => {
        watched.delete(copy);
        followed.delete(copy.followed);
      });
      watched.add(copy);
      followed.add(copy.followed);
      return copy.followed;
    },
    mayWrite,
    readLog: (pod, container, bytes) => readLog(http, pod, { container, bytes }),
    review: (token, path) => reviewAccess(http, token, path),
    requestToken: (account, seconds) => requestToken(http, account, seconds),
    elect(candidate) {
      election = electLeader({
        http,
        log,
        random,
        ...(options.clock ? { clock: options.clock } : {}),
        ...(options.leaseTiming ? { timing: options.leaseTiming } : {}),
      }, {
        ...candidate,
        onLost(why) {
          lost.abort();
          candidate.onLost(why);
        },
      });
      return election;
    },
    async close() {
      for (const copy of [...followed]) copy.stop();
      await events.close();
      http.close();
    },
  };
}
