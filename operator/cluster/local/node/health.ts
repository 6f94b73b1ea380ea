/** The three probes of a container together: readiness and liveness wait for startup. */
import type { Clock } from '../../../clock.ts';
import type { ContainerSpec, Probe } from './pod.ts';
import { calmPace, eagerPace, type ProbeListener, runProbe } from './probes.ts';

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
