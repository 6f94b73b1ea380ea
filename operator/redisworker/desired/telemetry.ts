/** What Deno's own telemetry is told in the environment of a pod. Pure. */
import type { telemetryVariables } from '../../../contract/pod.ts';
import type { Blueprint } from '../model/blueprint.ts';

const protocols = { HttpProtobuf: 'http/protobuf', HttpJson: 'http/json', Grpc: 'grpc' } as const;

/** A process that ends waits for two exports, of spans and of log lines: with Deno's own 10 s it would outlive its pod's grace. */
const timeoutMs = 2000;

/** The variables; none for a worker without `spec.telemetry`. */
export function telemetryEnvironment(
  { type, parent, telemetry }: Pick<Blueprint, 'type' | 'parent' | 'telemetry'>,
  consumerId: string,
): Readonly<Record<string, string>> {
  if (telemetry === undefined) return {};
  const resource = {
    'k8s.namespace.name': parent.namespace,
    'redisworker.name': parent.name,
    'redisworker.consumer': consumerId,
  };
  const variables: Record<typeof telemetryVariables[number], string> = {
    OTEL_DENO: 'true',
    OTEL_DENO_METRICS: 'false', // the operator has them, of all workers in one place
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocols[telemetry.protocol],
    OTEL_EXPORTER_OTLP_TIMEOUT: String(timeoutMs),
    OTEL_SERVICE_NAME: type,
    OTEL_RESOURCE_ATTRIBUTES: Object.entries(resource).map((pair) => pair.join('=')).join(','),
    // By itself Deno samples what the caller has chosen not to.
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(telemetry.sampleRatio),
  };
  return variables;
}
