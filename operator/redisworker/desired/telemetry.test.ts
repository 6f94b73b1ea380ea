/** What spec.telemetry makes of pods and policies, and what nothing is made of without it. */
import { expect, test } from 'vitest';
import { env, telemetryVariables } from '../../../contract/pod.ts';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { topologyWith } from '../../../test/support/topology.ts';
import { planOf } from '../plan/index.ts';

const topology = topologyWith('default', {
  'observability/collector': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.20',
    selector: { app: 'collector' },
    ports: [{ port: 4318, targetPort: 14_318, protocol: 'TCP' }],
  },
});

const collector = { endpoint: 'http://collector.observability:4318' };
const desired = (spec: object) => {
  const plan = planOf(observed(worker('w', withSpec({ type: 'demo', ...spec })), { spec: { topology } }));
  if (plan.desired === undefined) throw new Error(plan.problems.map(({ message }) => message).join('\n'));
  return plan.desired;
};

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

const containerOf = (spec: object): Container => {
  const [deployment] = [...desired(spec).deployments.values()];
  return (deployment as unknown as { spec: { template: { spec: { containers: [Container] } } } })
    .spec.template.spec.containers[0];
};
const environmentOf = (spec: object): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(containerOf(spec).env.map(({ name, value }) => [name, value]));

test("Deno's telemetry is told the collector, the type, and who speaks", () => {
  const told = environmentOf({ telemetry: { ...collector, protocol: 'Grpc', sampleRatio: 0.25 } });
  expect(Object.fromEntries(telemetryVariables.map((name) => [name, told[name]]))).toEqual({
    OTEL_DENO: 'true',
    OTEL_DENO_METRICS: 'false',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.observability:4318',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_SERVICE_NAME: 'demo',
    OTEL_RESOURCE_ATTRIBUTES: 'k8s.namespace.name=default,redisworker.name=w,redisworker.consumer=1',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  });
  expect(JSON.parse(told[env.settings] ?? '')).toMatchObject({ telemetry: true });
  expect(environmentOf({ telemetry: collector })['OTEL_EXPORTER_OTLP_PROTOCOL']).toBe('http/protobuf');
});

test('the policy opens the collector, and Deno lets the code reach it no more than before', () => {
  const egress = (spec: object) => JSON.stringify((desired(spec).policy.policy as { spec?: object }).spec);
  expect(egress({ telemetry: collector })).toContain(
    '"podSelector":{"matchLabels":{"app":"collector"}}}],"ports":[{"protocol":"TCP","port":14318}]',
  );
  expect(egress({})).not.toContain('14318');
  expect(containerOf({ telemetry: collector }).command).toEqual(containerOf({}).command);
});

test('a worker without it has the pods and the policy it always had, and with it others', () => {
  expect(Object.keys(environmentOf({})).filter((name) => name.startsWith('OTEL_'))).toEqual([]);
  expect(environmentOf({})[env.settings]).not.toContain('telemetry');
  const net = { permissions: { net: ['collector.observability:4318'] } };
  expect(desired({ telemetry: collector }).netHash).not.toBe(desired({}).netHash);
  expect(desired({ ...net, telemetry: collector }).netHash).toBe(desired(net).netHash);
});

test('a collector whose address is not complete is told by the name of its field', () => {
  const endpoint = 'http://127.1:4318';
  const { problems } = planOf(observed(worker('w', withSpec({ telemetry: { endpoint } }))));
  expect(problems).toEqual([
    expect.objectContaining({ message: expect.stringMatching(/^spec\.telemetry\.endpoint: /) }),
  ]);
});
