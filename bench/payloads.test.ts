import { expect, it } from 'vitest';
import { copiesIn } from './payloads.ts';

const csv = (set: string, get: string): string =>
  `"test","rps","avg_latency_ms"\n"SET","${set}","0.1"\n"GET","${get}","0.1"\n`;

it('takes a SET and a GET for a copy', () => {
  expect(copiesIn(csv('3000.00', '1500.00'))).toBe(1000);
});

it('says what redis-benchmark has printed when it is no speed', () => {
  expect(() => copiesIn('WARNING: nothing measured')).toThrow('nothing measured');
});
