/** The life of one pod on this node: start, watch, start again after a crash, end. */
import { rm } from 'node:fs/promises';
import { type BackOff, backOffMs } from '../../../backoff.ts';
import type { Clock } from '../../../clock.ts';
import { pause } from '../../../pause.ts';
import type { Cluster, KubeObject } from '../../cluster.ts';
import type { Log } from '../log.ts';
import { type Machine, startContainer, type StartedContainer } from './container.ts';
import { ContainerConfigError, type NodePodSpec, readPodSpec } from './pod-spec.ts';
import { PodReporter } from './pod-report.ts';
import { type Termination, terminationOf, timestamp } from './pod-status.ts';
import { type WantedPorts } from './ports.ts';
import { watchHealth } from './probes.ts';
import { type Exit, LogTail, type Stream } from './process-group.ts';

/** What a pod runner is given by its node. */
export interface RunnerOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  readonly wantedPorts: WantedPorts;
  readonly backOff: BackOff;
  /** Milliseconds until a container whose configuration is missing is tried again. */
  readonly configRetryMs: number;
  readonly folder: string;
  readonly onLine: (stream: Stream, line: string) => void;
}

/** A container that ran this long starts over with the first wait. */
const wellAfterMs = 10 * 60_000;

interface Run {
  readonly termination: Termination;
  readonly ranMs: number;
  readonly startsAgain: boolean;
}

/** Runs one pod until it is told to end. */
export class PodRunner {
  readonly #pod: KubeObject;
  readonly #options: RunnerOptions;
  readonly #reporter: PodReporter;
  readonly #ending = new AbortController();
  readonly #life: Promise<void>;
  #running: StartedContainer | undefined;
  #graceMs: number | undefined;

  constructor(pod: KubeObject, options: RunnerOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#reporter = new PodReporter(pod, options);
    this.#life = this.#live().catch((error: unknown) =>
      options.log.error({ err: error, pod: pod.metadata.name }, 'a pod runner failed')
    );
  }

  /** SIGTERM, SIGKILL after the grace; a later call can only shorten it. Settles when nothing of the pod is left here; the grace is the pod's own unless given. */
  async end(graceSeconds = graceSecondsOf(this.#pod)): Promise<void> {
    this.#graceMs = Math.min(graceSeconds * 1000, this.#graceMs ?? Infinity);
    this.#ending.abort();
    this.#running?.group.terminate(this.#graceMs);
    await this.#life;
    await this.#reporter.close();
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  /** Where a declared port of the container is; undefined while it does not run. */
  portOf(port: number): number | undefined {
    return this.#running?.ports.get(port);
  }

  /** SIGKILL at once, for when this process itself is ending. */
  kill(): void {
    this.#running?.group.kill();
  }

  /** Until told to end, or until the restart policy says that the last run was the last. */
  async #live(): Promise<void> {
    let crashes = 0;
    while (!this.#isEnding()) {
      const run = await this.#runOnce();
      if (run === undefined) {
        await this.#wait(this.#options.configRetryMs);
        continue;
      }
      if (this.#isEnding() || !run.startsAgain) {
        this.#reporter.ended(run.termination, run.startsAgain);
        return;
      }
      crashes = run.ranMs >= wellAfterMs ? 1 : crashes + 1;
      const waitMs = backOffMs(this.#options.backOff, crashes);
      this.#reporter.crashed(run.termination, waitMs);
      await this.#wait(waitMs);
      this.#reporter.restarting();
    }
  }

  #wait(ms: number): Promise<void> {
    return pause(ms, this.#options.clock, this.#ending.signal);
  }

  /** Runs the container from start to end; undefined when it could not be started, which is told. */
  async #runOnce(): Promise<Run | undefined> {
    const { clock } = this.#options;
    const tail = new LogTail();
    let spec: NodePodSpec;
    try {
      spec = readPodSpec(this.#pod);
      this.#running = await this.#start(spec, tail);
    } catch (error) {
      this.#cannotStart(error);
      return undefined;
    }
    const startedAt = clock.now();
    const exit = await this.#untilExit(spec, this.#running);
    this.#running = undefined;
    const endedAt = clock.now();
    const termination = terminationOf(exit, tail.text(), timestamp(startedAt), timestamp(endedAt));
    return { termination, ranMs: endedAt - startedAt, startsAgain: startsAgain(spec, termination) };
  }

  #start(spec: NodePodSpec, tail: LogTail): Promise<StartedContainer> {
    const onLine = (stream: Stream, line: string) => {
      tail.add(line);
      this.#options.onLine(stream, line);
    };
    return startContainer({ ...this.#options, pod: this.#pod, spec, onLine });
  }

  #untilExit({ container }: NodePodSpec, running: StartedContainer): Promise<Exit> {
    if (this.#graceMs !== undefined) running.group.terminate(this.#graceMs); // told to end while it was being started
    if (running.group.pid > 0) this.#reporter.running(running.group.pid, container);
    const stopProbes = watchHealth(container, running.ports, this.#options.clock, {
      started: () => this.#reporter.started(),
      ready: (ready, problem) => this.#reporter.ready(ready, problem),
      unhealthy: (probe, problem) => {
        this.#reporter.unhealthy(probe, problem);
        running.group.terminate(graceSecondsOf(this.#pod) * 1000);
      },
    });
    return running.group.ended.finally(stopProbes);
  }

  /** Tells why, and leaves it to the next try. */
  #cannotStart(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#reporter.cannotStart(
      error instanceof ContainerConfigError ? 'CreateContainerConfigError' : 'CreateContainerError',
      message,
    );
  }

  #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }
}

/** Seconds a pod gets to end when nobody says otherwise. */
export function graceSecondsOf({ spec }: KubeObject): number {
  return (spec as { terminationGracePeriodSeconds?: number } | undefined)?.terminationGracePeriodSeconds ?? 30;
}

function startsAgain({ restartPolicy }: NodePodSpec, { exitCode }: Termination): boolean {
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
}
