/**
 * The node agent: runs the pods bound to one node as processes of this machine. It works through the
 * cluster port alone, so the same code serves a laptop and a real API server.
 *
 * What a container runtime would add is not there: no images, no pod network, no limits on memory and CPU,
 * no users of their own, no lifecycle hooks. A process that leaves its process group escapes.
 */
import { join } from 'node:path';
import type { BackOff } from '../../../backoff.ts';
import { type Clock, systemClock } from '../../../clock.ts';
import { type Cluster, ClusterError, type KubeObject, type ObjectRef, resources } from '../../cluster.ts';
import { pause } from '../../../pause.ts';
import type { Log } from '../log.ts';
import { refTo } from '../store/objects.ts';
import { type Machine, podFolderName } from './container.ts';
import { claimFolder, podsFolder } from './orphans.ts';
import { graceSecondsOf, PodRunner } from './pod-runner.ts';
import { WantedPorts } from './ports.ts';
import type { Stream } from './process-group.ts';

/** One line of a container's output. */
export interface LogLine {
  readonly pod: ObjectRef;
  readonly stream: Stream;
  readonly line: string;
}

/** What a node is started with. */
export interface NodeOptions extends Machine {
  readonly cluster: Cluster;
  readonly nodeName: string;
  /** Private folder for the files of pods; one node at a time uses it, and tidies up after a crashed one. */
  readonly dataDir: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly onLog?: (line: LogLine) => void;
  /** Waits before restarts; 0.3 s to 30 s unless given: somebody is watching. */
  readonly backOff?: BackOff;
  /** Milliseconds until a container that misses a ConfigMap or Secret is tried again; 1000 unless given. */
  readonly configRetryMs?: number;
}

/** A running node. */
export interface Node {
  /** Where a declared port of a pod is on this machine; undefined while its container does not run. */
  portOf(podUid: string, port: number): number | undefined;
  /** Ends every container (SIGTERM, its grace, SIGKILL) and removes their files; the Pod objects stay. */
  stop(): Promise<void>;
}

const laptopBackOff: BackOff = { initialMs: 300, maxMs: 30_000 };
const deleteRetryMs = 1000;

/**
 * Starts a node and follows the pods bound to it.
 * @throws Error when another node uses the data folder, or it cannot be written
 */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { cluster, nodeName, dataDir, clock = systemClock } = options;
  const release = await claimFolder(dataDir);
  const pods = new NodePods(options, clock);
  const killAll = () => pods.kill();
  process.on('exit', killAll);
  const followed = cluster.follow(resources.pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  followed.onChange((type, pod) => (type === 'deleted' ? pods.forget(pod) : pods.take(pod)));
  await followed.synced;
  return {
    portOf: (podUid, port) => pods.portOf(podUid, port),
    async stop() {
      followed.stop();
      await pods.stop();
      process.off('exit', killAll);
      await release();
    },
  };
}

/** The runners of a node, by the UID of their pod. */
class NodePods {
  readonly #options: NodeOptions;
  readonly #clock: Clock;
  readonly #runners = new Map<string, PodRunner>();
  readonly #deletions = new Set<string>();
  readonly #wantedPorts = new WantedPorts();
  readonly #ending = new AbortController();

  constructor(options: NodeOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** A pod is new, has changed, or is on its way out. */
  take(pod: KubeObject): void {
    const { uid = '', deletionTimestamp } = pod.metadata;
    if (this.#ending.signal.aborted) return;
    if (deletionTimestamp !== undefined) void this.#finish(pod);
    else if (!this.#runners.has(uid) && !isFinished(pod)) this.#runners.set(uid, this.#run(pod));
  }

  /** A pod object is gone, whoever removed it: its container goes as well. */
  forget(pod: KubeObject): void {
    void this.#end(pod, graceSecondsOf(pod));
  }

  portOf(podUid: string, port: number): number | undefined {
    return this.#runners.get(podUid)?.portOf(port);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all([...this.#runners.values()].map((runner) => runner.end()));
  }

  kill(): void {
    for (const runner of this.#runners.values()) runner.kill();
  }

  #run(pod: KubeObject): PodRunner {
    const { cluster, log, onLog, configRetryMs = 1000, dataDir, backOff = laptopBackOff } = this.#options;
    const ref = refTo(pod);
    return new PodRunner(pod, {
      cluster,
      log,
      clock: this.#clock,
      machine: this.#options,
      wantedPorts: this.#wantedPorts,
      backOff,
      configRetryMs,
      folder: join(podsFolder(dataDir), podFolderName(pod.metadata.uid ?? '')),
      onLine: (stream, line) => onLog?.({ pod: ref, stream, line }),
    });
  }

  async #end(pod: KubeObject, graceSeconds: number): Promise<void> {
    const { uid = '' } = pod.metadata;
    await this.#runners.get(uid)?.end(graceSeconds);
    this.#runners.delete(uid);
  }

  /** Ends the container, then removes the pod object: in this order, so that a successor never meets it. */
  async #finish(pod: KubeObject): Promise<void> {
    const { uid = '', deletionGracePeriodSeconds = graceSecondsOf(pod) } = pod.metadata;
    const ending = this.#end(pod, deletionGracePeriodSeconds);
    if (this.#deletions.has(uid)) return ending;
    this.#deletions.add(uid);
    await ending;
    await this.#delete(pod);
    this.#deletions.delete(uid);
  }

  async #delete(pod: KubeObject): Promise<void> {
    const { uid = '' } = pod.metadata;
    try {
      if (!this.#ending.signal.aborted) {
        await this.#options.cluster.delete(resources.pods, refTo(pod), { uid, gracePeriodSeconds: 0 });
      }
    } catch (error) {
      if (error instanceof ClusterError && (error.reason === 'NotFound' || error.reason === 'Conflict')) return;
      this.#options.log.warn(
        { err: error, pod: pod.metadata.name },
        'a pod that has ended could not be deleted; it is tried again',
      );
      await pause(deleteRetryMs, this.#clock, this.#ending.signal);
      await this.#delete(pod);
    }
  }
}

function isFinished({ status }: KubeObject): boolean {
  const { phase } = (status ?? {}) as { phase?: string };
  return phase === 'Failed' || phase === 'Succeeded';
}
