/** Whatever nodes, servers and programs say, the status is one the API server takes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withCount, withNet, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { violations } from '../../../test/support/structural-check.ts';
import { tries } from '../../../test/support/thorough.ts';
import { openApiSchema } from '../../api/crd.ts';
import { ClusterError, type KubeObject } from '../../cluster/cluster.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import { addResponses, emptyTally } from '../../redis/response-tally.ts';
import { failureOf } from '../apply/failure.ts';
import type { Observed } from '../model/observed.ts';
import { planOf } from '../plan/index.ts';
import { statusOf } from './index.ts';

const statusSchema = openApiSchema().properties!['status']!;

/** Words as nobody would choose them: of any characters, halves of some too, and very long. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom('', '\ud83d', '😀'.repeat(20_000), 'admission denied: no way, José', 'Evicted', 'ConsumersReady'),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, 2 ** 63, NaN, 1000));

const ended = fc.record({ exitCode: number, reason: maybe(text), message: maybe(text) });
const container = fc.record({
  name: fc.oneof(fc.constant('worker'), text),
  ready: maybe(fc.boolean()),
  restartCount: maybe(number),
  state: fc.oneof(
    fc.record({
      waiting: fc.record({ reason: fc.oneof(fc.constant('CrashLoopBackOff'), text), message: maybe(text) }),
    }),
    fc.record({ terminated: ended }),
    fc.constant({ running: {} }),
    fc.constant({}),
  ),
  lastState: fc.oneof(fc.record({ terminated: ended }), fc.constant({})),
});
const conditions = fc.array(fc.record({
  type: fc.constantFrom('Ready', 'PodScheduled', 'DisruptionTarget'),
  status: fc.constantFrom('True', 'False', 'Unknown'),
  reason: maybe(text),
  message: maybe(text),
}));
const pod: fc.Arbitrary<KubeObject> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Pod'),
  metadata: fc.record({
    name: text,
    uid: text,
    deletionTimestamp: maybe(fc.constant('2030-01-01T00:00:00Z')),
    annotations: fc.record({ 'redisworker.dev/consumer-id': fc.oneof(fc.constantFrom('1', '2', '9'), text) }),
  }),
  status: fc.record({
    phase: maybe(fc.oneof(fc.constantFrom('Failed', 'Running', 'Pending'), text)),
    reason: maybe(text),
    message: maybe(text),
    conditions: maybe(conditions),
    initContainerStatuses: maybe(fc.array(container, { maxLength: 2 })),
    containerStatuses: maybe(fc.array(container, { maxLength: 3 })),
  }),
}, { requiredKeys: ['apiVersion', 'kind', 'metadata'] }) as fc.Arbitrary<KubeObject>;

const entry = fc.record({
  id: fc.constantFrom('1-1', '1893456000000-0', '18446744073709551615-18446744073709551615'),
  fields: fc.record({
    ref: text,
    code: fc.oneof(fc.constantFrom('200', '1000', '999999999'), text),
    consumer: fc.oneof(fc.constantFrom('1', '2'), text),
    res: fc.oneof(fc.json(), text),
  }),
});
const stream = fc.record({
  lag: number,
  pending: number,
  length: number,
  oldestPendingTime: fc.constantFrom(undefined, '2030-01-01T00:00:00.000Z'),
});
const failure = fc.oneof(
  fc.constant(undefined),
  fc.tuple(fc.nat(), text, text).map(([status, reason, message]) => new ClusterError(status, reason, message)),
  fc.tuple(text, text).map(([code, message]) => new TransientError(code, message)),
  fc.tuple(text, text).map(([code, message]) => new TerminalError(code, message)),
  text.map((message) => new Error(message)),
  fc.anything({ withNullPrototype: true, withBigInt: true }),
  fc.constant(Object.assign(new Error('x'), { message: { code: 42 } })),
);

test('whatever is observed gives a status the API server takes, and reads back as it was', () => {
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(56)}.eu:600`;
  fc.assert(
    fc.property(
      fc.array(pod, { maxLength: 5 }),
      fc.array(entry, { maxLength: 5 }),
      stream,
      failure,
      (pods, entries, work, error) => {
        const seen = observed(worker('w', withCount(2), withNet(longest)), { children: { pods }, stream: work });
        const now: Observed = {
          ...seen,
          responses: addResponses({ ...emptyTally, perSecond: work.lag }, entries, seen.now),
        };
        const status = statusOf(now, planOf(now), error === undefined ? undefined : failureOf(error), undefined);
        const written: unknown = JSON.parse(JSON.stringify(status));
        expect(violations(statusSchema, written)).toEqual([]);
        expect(written).toEqual(status);
        const told = status.conditions?.map(({ message }) => message) ?? [];
        const words = status.consumers?.map(({ reason = '' }) => reason) ?? [];
        expect([...told, ...words].filter((text) => /[\u0000-\u001f\u007f-\u009f]/.test(text))).toEqual([]);
      },
    ),
    tries(40, 150),
  );
});
