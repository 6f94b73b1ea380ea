import { assertEquals } from '../testing/assert.ts';
import { oddValues } from '../testing/odd-values.ts';
import { formatLine } from './log.ts';

const line = (message: unknown, fields: unknown) =>
  JSON.parse(formatLine('info', message, { worker: 'demo:1:h' }, fields as Record<string, unknown>, 't'));
const own = { time: 't', level: 'info', msg: 'm', worker: 'demo:1:h' };

Deno.test('a log line carries its own fields and those it is given', () => {
  assertEquals(line('m', { a: 1 }), { ...own, a: 1 });
});

Deno.test('fields with a name the line has of its own come below it', () => {
  assertEquals(line('m', { msg: 'x', level: 'fatal', worker: 'other', a: 1 }), {
    ...own,
    a: 1,
    fields: { msg: 'x', level: 'fatal', worker: 'other' },
  });
});

Deno.test('a log line is JSON whatever it is given', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  assertEquals(line('m', { cycle }).fields, '{ cycle: <ref *1> { self: [Circular *1] } }');
  for (const value of oddValues(2000)) {
    assertEquals([line(value, { a: value }).time, line('m', value).msg, typeof line(value, {}).msg], [
      't',
      'm',
      'string',
    ]);
  }
});
