/** Asks a container over HTTP whether it has started, is ready and is alive. */
import { request } from 'node:http';
import type { Clock } from '../../../clock.ts';
import { type ContainerSpec, podIP, type Probe } from './pod-spec.ts';

/** What a probe found out; told when it changes. */
export type ProbeListener = (passed: boolean, problem: string) => void;

/** How often a probe asks. */
export interface Pace {
  /** Milliseconds until the first question. */
  readonly firstMs: number;
  /** Milliseconds between questions while it passes, and while it does not. */
  readonly passingMs: number;
  readonly otherwiseMs: number;
}

/** Startup and readiness ask often until they pass, so that a laptop shows readiness at once. */
function eagerPace({ initialDelaySeconds, periodSeconds }: Probe): Pace {
  return {
    firstMs: initialDelaySeconds * 1000,
    passingMs: periodSeconds * 1000,
    otherwiseMs: Math.min(periodSeconds * 1000, 250),
  };
}

/** Liveness leaves a new container its first period in peace. */
function calmPace({ initialDelaySeconds, periodSeconds }: Probe): Pace {
  return {
    firstMs: Math.max(initialDelaySeconds, periodSeconds) * 1000,
    passingMs: periodSeconds * 1000,
    otherwiseMs: periodSeconds * 1000,
  };
}

/**
 * Repeats a probe. It has passed after `successThreshold` answers in a row, and failed once failures have
 * gone on for `failureThreshold` periods.
 * @returns a function that ends it
 */
function runProbe(probe: Probe, port: number, pace: Pace, clock: Clock, listener: ProbeListener): () => void {
  const judge = createJudge(probe, listener);
  let cancel = clock.after(pace.firstMs, () => void ask());
  let stopped = false;
  async function ask(): Promise<void> {
    const problem = await dial(probe, port);
    if (stopped) return;
    const passed = judge(problem, clock.now());
    cancel = clock.after(passed === true ? pace.passingMs : pace.otherwiseMs, () => void ask());
  }
  return () => {
    stopped = true;
    cancel();
  };
}

/** Counts answers; returns what the probe stands at, undefined as long as it is open. Pure but for its memory. */
export function createJudge(
  probe: Probe,
  listener: ProbeListener,
): (problem: string | undefined, now: number) => boolean | undefined {
  let standing: boolean | undefined;
  let successes = 0;
  let failingSince: number | undefined;
  return (problem, now) => {
    successes = problem === undefined ? successes + 1 : 0;
    failingSince = problem === undefined ? undefined : (failingSince ?? now);
    const failed = failingSince !== undefined &&
      now - failingSince >= (probe.failureThreshold - 1) * probe.periodSeconds * 1000;
    const next = failed ? false : successes >= probe.successThreshold ? true : standing;
    if (next !== standing && next !== undefined) listener(next, problem ?? '');
    standing = next;
    return standing;
  };
}

/** @returns what is wrong, or undefined for an answer between 200 and 399 */
function dial({ httpGet, timeoutSeconds }: Probe, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = Object.fromEntries(httpGet.httpHeaders.map(({ name, value }) => [name, value]));
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const call = request({ host: podIP, port, path: httpGet.path, headers, agent: false, signal }, (response) => {
      response.resume();
      const code = response.statusCode ?? 0;
      resolve(code >= 200 && code < 400 ? undefined : `GET ${httpGet.path} answered ${code}`);
    });
    call.on(
      'error',
      ({ message }) =>
        resolve(
          signal.aborted
            ? `GET ${httpGet.path} did not answer within ${timeoutSeconds} s`
            : `GET ${httpGet.path}: ${message}`,
        ),
    );
    call.end();
  });
}

/** What the probes found out. */
export interface HealthListener {
  started(): void;
  ready(ready: boolean, problem: string): void;
  /** The container must be started again. */
  unhealthy(probe: 'Startup' | 'Liveness', problem: string): void;
}

/** Watches a container that has just been started; @returns a function that ends it */
export function watchHealth(
  container: ContainerSpec,
  ports: ReadonlyMap<number, number>,
  clock: Clock,
  listener: HealthListener,
): () => void {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const endings = new Set<() => void>();
  let isStarted = false;
  const run = (probe: Probe, onChange: ProbeListener, pace = eagerPace(probe)) =>
    endings.add(runProbe(probe, portOf(probe, container, ports), pace, clock, onChange));
  function begin(): void {
    if (isStarted) return;
    isStarted = true;
    listener.started();
    if (readinessProbe) run(readinessProbe, (passed, problem) => listener.ready(passed, problem));
    else listener.ready(true, '');
    if (livenessProbe) {
      run(
        livenessProbe,
        (passed, problem) => passed || listener.unhealthy('Liveness', problem),
        calmPace(livenessProbe),
      );
    }
  }
  if (startupProbe) {
    run(startupProbe, (passed, problem) => (passed ? begin() : isStarted || listener.unhealthy('Startup', problem)));
  } else begin();
  return () => endings.forEach((end) => end());
}

function portOf(
  { httpGet: { port } }: Probe,
  { ports: declared }: ContainerSpec,
  moved: ReadonlyMap<number, number>,
): number {
  const number = typeof port === 'number' ? port : declared.find(({ name }) => name === port)?.containerPort ?? 0;
  return moved.get(number) ?? number;
}
