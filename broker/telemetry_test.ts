/** What passes between modules is one trace, in Workers and in processes alike; cleaners are told of every step. */
import { eventually } from '../test/support/wait.ts';
import { assertEquals } from '../worker/testing/assert.ts';
import type { WorkerBrokerEvent, WorkerEvent } from './mod.ts';
import { brokerFor, moduleUrl, testEach } from './testing/support.ts';

interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[] }[];
}

testEach('a call through two modules is one trace, told to a collector by each of them', async (isolation) => {
  const spans: ExportedSpan[] = [];
  await using collector = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => {} }, async (request) => {
    const body = await request.json() as Partial<Export>;
    for (const { scopeSpans } of body.resourceSpans ?? []) for (const scope of scopeSpans) spans.push(...scope.spans);
    return Response.json({});
  });
  const program = `
    import { openTelemetry, setTelemetry } from '${new URL('./telemetry.ts', import.meta.url)}';
    import { brokerFor, moduleUrl } from '${new URL('./testing/support.ts', import.meta.url)}';
    setTelemetry(openTelemetry());
    using broker = brokerFor('${isolation}');
    await broker.workerFnProxy(moduleUrl('basics'), 'askOther')('B', 'count');
    await Deno.stdin.read(new Uint8Array(1));`;
  await using child = new Deno.Command(Deno.execPath(), {
    args: ['run', '-A', '--no-check', '--quiet', `data:application/typescript,${encodeURIComponent(program)}`],
    stdin: 'piped',
    env: {
      OTEL_DENO: 'true',
      OTEL_DENO_METRICS: 'false',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
  }).spawn();
  const ofCalls = () => spans.filter(({ name }) => ['callWorkerFn', 'onmessage', 'call'].includes(name));
  await eventually('all spans have come', () => ofCalls().length >= 5, 60_000);
  await child.stdin.close();
  const [root] = ofCalls().filter(({ name }) => name === 'callWorkerFn');
  const below = (parent: ExportedSpan | undefined, name: string) =>
    ofCalls().find((span) => span.name === name && span.parentSpanId === parent?.spanId);
  const first = below(root, 'onmessage');
  const second = below(below(first, 'call'), 'onmessage');
  const last = below(second, 'call');
  assertEquals(new Set(ofCalls().map(({ traceId }) => traceId)).size, 1);
  const attribute = (name: string) => last?.attributes?.find(({ key }) => key === name)?.value.stringValue;
  assertEquals([attribute('fn'), attribute('target.seg'), attribute('source.mod')], [
    'count',
    'B',
    moduleUrl('basics').href,
  ]);
});

testEach('a cleaner is told when a worker is made, asked for and over, and when all are', async (isolation) => {
  const told: string[] = [];
  const broker = brokerFor(isolation, {
    workerCleaner: (event: WorkerEvent | WorkerBrokerEvent) =>
      void told.push(event.type === 'terminate' ? event.type : `${event.type} ${event.segregationId} ${event.calls}`),
  });
  const basics = moduleUrl('basics');
  const one = broker.workerFnProxy([basics, 'one'], 'hello');
  await one('there');
  await one('again');
  await broker.workerFnProxy([basics, 'two'], 'hello')('there');
  broker.removeWorker([basics, 'one']);
  broker.terminate();
  assertEquals(told, [
    'create one 0',
    'get one 1',
    'create two 0',
    'remove one 2',
    'remove two 1',
    'terminate',
  ]);
});
