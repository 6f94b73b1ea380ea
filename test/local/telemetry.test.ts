/** Traces of requests, as a collector of the test's own gets them from real pods. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../../contract/reply.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

/** Of what OpenTelemetry sends, as JSON, the parts that are looked at. */
interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly doubleValue?: number };
}
interface Resource {
  readonly resource: { readonly attributes: readonly Attribute[] };
}
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message: string };
}
interface LogLine {
  readonly body: { readonly stringValue: string };
  readonly traceId: string;
  readonly spanId: string;
}
interface Sent {
  readonly resourceSpans?: readonly (Resource & { readonly scopeSpans: readonly { readonly spans: Span[] }[] })[];
  readonly resourceLogs?: readonly (Resource & { readonly scopeLogs: readonly { readonly logRecords: LogLine[] }[] })[];
}

const sent: Sent[] = [];
let collector: Server;
let other: Server;
let redis: TestRedis;
let operator: TestOperator;

const addressOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const listening = (server: Server): Promise<Server> =>
  new Promise((resolve) => void server.listen(0, '127.0.0.1', () => resolve(server)));

/** Says which traceparent it was called with, and what became of a call to the collector. */
const handler = (): string => `
  export default async ({ data }) => {
    console.log('at work: ' + data);
    if (data === 'fails') throw new Error('no luck');
    if (data === 'never ends') await new Promise(() => {});
    const seen = await (await fetch('http://${addressOf(other)}')).text();
    return { seen, collector: await fetch('http://${
  addressOf(collector)
}').then(() => 'reached', (error) => error.name) };
  };`;

beforeAll(async () => {
  [collector, other, redis] = await Promise.all([
    listening(createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        if (request.url?.startsWith('/v1/') === true) sent.push(JSON.parse(body) as Sent);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    })),
    listening(createServer((request, response) => response.end(request.headers['traceparent'] ?? 'none'))),
    startRedis(),
  ]);
  operator = await startTestOperator({ redisUrl: redis.url });
});
afterAll(async () => {
  await operator.stop();
  await redis.stop();
  for (const server of [collector, other]) server.close();
});

const telemetry = () => ({ endpoint: `http://${addressOf(collector)}`, protocol: 'HttpJson' });

const apply = (name: string, spec: object): Promise<unknown> =>
  operator.cluster.apply(
    worker(
      name,
      withSpec({
        source: { inline: handler() },
        handler: { timeoutSeconds: 1 },
        permissions: { net: [addressOf(other)] },
        ...spec,
      }),
    ),
    'user',
  );

/** What a process has not sent yet it sends as it ends. */
async function end(name: string): Promise<void> {
  await operator.cluster.delete(resources.redisWorkers, { namespace: 'default', name });
  await eventually('its pods have ended', async () => (await operator.pods(name)).length === 0, 45_000);
}

const valueOf = (attributes: readonly Attribute[], name: string) => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.doubleValue;
};
const spans = () =>
  sent.flatMap(({ resourceSpans = [] }) => resourceSpans).flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap((scope) => scope.spans);
const lineOf = (text: string) =>
  sent.flatMap(({ resourceLogs = [] }) => resourceLogs).flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords).find(({ body }) => body.stringValue.includes(text));

/** The spans of a request. */
const ofRequest = (reply: Reply) =>
  spans().filter(({ attributes }) => valueOf(attributes, 'redisworker.ref') === reply.ref);

/** The traceparent of what the handler fetched. */
const seenOf = ({ data }: Reply) => (data as { seen: string }).seen;

const caller = 'b7ad6b7169203331';
const traceparent = (digit: string, flags = '01') => `00-${digit.repeat(32)}-${caller}-${flags}`;

describe('a worker with a collector', () => {
  let replies: Readonly<Record<'joined' | 'own' | 'unsampled' | 'failed' | 'late', Reply>>;

  beforeAll(async () => {
    await apply('traced', { telemetry: telemetry() });
    const asked = (data: string, parent = 'none') => ask(redis.client, 'traced', data, 45, { traceparent: parent });
    const [joined, own, unsampled, failed, late] = await Promise.all([
      asked('joins', traceparent('1')),
      asked('is alone'),
      asked('is unsampled', traceparent('2', '00')),
      asked('fails'),
      asked('never ends'),
    ]);
    replies = { joined, own, unsampled, failed, late };
    await end('traced');
  });

  test('makes a span of a request, which joins the trace of its caller', () => {
    const [span] = ofRequest(replies.joined);
    const trace = { traceId: '1'.repeat(32), parentSpanId: caller };
    expect(span).toMatchObject({ name: 'traced', ...trace, kind: 5, status: { code: 0 } });
    expect(
      ['messaging.system', 'redisworker.consumer', 'redisworker.attempt', 'redisworker.code'].map((name) =>
        valueOf(span!.attributes, name)
      ),
    ).toEqual(['redis', '1', 1, 200]);
  });

  test('has what its handler fetches and says join the request', () => {
    const [span] = ofRequest(replies.joined);
    const [fetched] = spans().filter(({ name, parentSpanId }) => name === 'GET' && parentSpanId === span!.spanId);
    expect(seenOf(replies.joined)).toBe(`00-${'1'.repeat(32)}-${fetched!.spanId}-01`);
    expect(lineOf('at work: joins')).toMatchObject({ traceId: span!.traceId, spanId: span!.spanId });
  });

  test('begins a trace for a request without one, and keeps silent where its caller does not record', () => {
    const [span] = ofRequest(replies.own);
    expect(span).toMatchObject({ parentSpanId: '', status: { code: 0 } });
    expect(seenOf(replies.own)).toContain(span!.traceId);
    expect(ofRequest(replies.unsampled)).toEqual([]);
    expect(seenOf(replies.unsampled)).toMatch(new RegExp(`^00-${'2'.repeat(32)}-.*-00$`));
  });

  test('marks the span of a request that failed or ran out of time, and tells of it within', () => {
    const [[failed], [late]] = [ofRequest(replies.failed), ofRequest(replies.late)];
    expect(failed).toMatchObject({ status: { code: 2, message: 'no luck' } });
    expect(late).toMatchObject({ status: { code: 2, message: 'the handler did not finish within 1 s' } });
    expect([failed, late].map((span) => valueOf(span!.attributes, 'redisworker.code'))).toEqual([500, 504]);
    expect(lineOf('the request failed for good')?.traceId).toBeOneOf([failed!.traceId, late!.traceId]);
  });

  test('says who sends, and its code cannot reach the collector', () => {
    const senders = sent.flatMap(({ resourceSpans = [], resourceLogs = [] }) => [...resourceSpans, ...resourceLogs]);
    const names = ['service.name', 'k8s.namespace.name', 'redisworker.name', 'redisworker.consumer'];
    const told = senders.map(({ resource: { attributes } }) => names.map((name) => valueOf(attributes, name)));
    expect(new Set(told.map((values) => values.join(' ')))).toEqual(new Set(['traced default traced 1']));
    expect(replies.joined.data).toMatchObject({ collector: 'NotCapable' });
  });
});

test('a script with a collector sends what it says', async () => {
  const inline = 'console.log("a program at work");\nsetInterval(() => {}, 1000);\n';
  await apply('program', { source: { inline }, runtime: 'Script', telemetry: telemetry() });
  await eventually('its line has come', () => lineOf('a program at work') !== undefined, 45_000);
  await end('program');
});

test('a worker without one sends nothing, and passes no trace on', async () => {
  sent.length = 0;
  await apply('silent', {});
  const reply = await ask(redis.client, 'silent', 'is quiet', 45, { traceparent: traceparent('3') });
  await end('silent');
  expect([seenOf(reply), sent]).toEqual(['none', []]);
});

test('a request to a module is one trace, through the modules it calls and what they fetch', async () => {
  const net = [addressOf(other)];
  const code = {
    first: `import { brokerProxy } from 'redisworker/broker/worker';
      export const ask = () => brokerProxy().workerProxy('./second.ts').fetches();`,
    second: `export const fetches = async () => await (await fetch('http://${addressOf(other)}')).text();`,
  };
  await operator.cluster.apply({
    ...worker('modular'),
    spec: {
      runtime: 'Modules',
      telemetry: telemetry(),
      permissions: { net },
      modules: [
        { name: 'first', source: { inline: code.first }, mayCall: ['second'] },
        { name: 'second', source: { inline: code.second }, permissions: { net } },
      ],
    },
  }, 'user');
  const fields = { module: 'first', function: 'ask', traceparent: traceparent('3') };
  const { data } = await ask(redis.client, 'modular', [], 45, fields);
  expect(String(data).split('-')[1]).toBe('3'.repeat(32));
  await end('modular');
  const seen = await eventually('both modules have told of it', () => {
    const all = spans().filter(({ traceId }) => traceId === '3'.repeat(32));
    return all.filter(({ name }) => name === 'call').length === 2 && all;
  }, 45_000);
  const parentOf = (span: Span | undefined) => seen.find(({ spanId }) => spanId === span?.parentSpanId);
  const path: (string | undefined)[] = [];
  let span = seen.find(({ spanId }) => spanId === String(data).split('-')[2]);
  for (; span !== undefined; span = parentOf(span)) path.push(span.name);
  expect(path).toEqual(['GET', 'call', 'onmessage', 'call', 'onmessage', 'callWorkerFn', 'modular']);
});
