import { assertEquals } from '../worker/testing/assert.ts';
import { parseTraceparent } from './traceparent.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

Deno.test('a traceparent names the span of the caller, and whether it is recorded', () => {
  assertEquals(parseTraceparent(`00-${traceId}-${spanId}-01`), { traceId, spanId, sampled: true });
  assertEquals(parseTraceparent(`00-${traceId}-${spanId}-02`), { traceId, spanId, sampled: false });
});

Deno.test('a later version of it is read as far as it is known', () => {
  assertEquals(parseTraceparent(`01-${traceId}-${spanId}-01-more`), { traceId, spanId, sampled: true });
});

Deno.test('what is no traceparent is none', () => {
  for (
    const text of [
      '',
      'null',
      `ff-${traceId}-${spanId}-01`,
      `00-${traceId}-${spanId}-01-more`,
      `00-${traceId.toUpperCase()}-${spanId}-01`,
      `00-${'0'.repeat(32)}-${spanId}-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `00-${traceId}-${spanId}-1`,
      ` 00-${traceId}-${spanId}-01`,
    ]
  ) assertEquals(parseTraceparent(text), undefined);
});
