import { assertEquals } from '../testing/assert.ts';
import { scheduleOf } from './cron.ts';

const next = (expression: string, after: string, timeZone = '') => {
  const ms = scheduleOf(expression, timeZone)?.(Date.parse(after));
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z');
};

Deno.test('six fields begin with the second, and five are read the same way without a day of the week', () => {
  assertEquals(next('*/5 * * * * *', '2026-01-01T00:00:01Z'), '2026-01-01T00:00:05Z');
  assertEquals(next('*/1 * * * *', '2026-01-01T00:00:01.500Z'), '2026-01-01T00:00:02Z');
  assertEquals(next('1 * * * * *', '2026-01-01T00:00:01Z'), '2026-01-01T00:01:01Z');
  assertEquals(next('0 30 9 * * mon-fri', '2026-01-02T10:00:00Z'), '2026-01-05T09:30:00Z');
  assertEquals(next('0 0 0 29 FEB ?', '2026-01-01T00:00:00Z'), '2028-02-29T00:00:00Z');
  assertEquals(next('0 0 12 13 * 5', '2026-01-01T00:00:00Z'), '2026-01-02T12:00:00Z');
});

Deno.test('descriptors and @every are known, and @every counts the same for every worker', () => {
  assertEquals(next('@hourly', '2026-01-01T00:30:00Z'), '2026-01-01T01:00:00Z');
  assertEquals(next('@every 2s', '2026-01-01T00:00:00.500Z'), '2026-01-01T00:00:02Z');
  assertEquals(next('@every 1m30s', '2026-01-01T00:00:00Z'), '2026-01-01T00:01:30Z');
});

Deno.test('what is no schedule is none', () => {
  const nonsense = [
    '',
    '* * * *',
    '60 * * * * *',
    '* * * * * 7',
    '*/0 * * * * *',
    'a * * * * *',
    '@every x',
    '5-1 * * * * *',
  ];
  assertEquals(nonsense.map((expression) => scheduleOf(expression, '')), nonsense.map(() => undefined));
  assertEquals(scheduleOf('* * * * * *', 'Mars/Olympus'), undefined);
});

Deno.test('a job runs by the clock of its zone, not in the hour that is left out, and twice in the one that comes twice', () => {
  const berlin = 'Europe/Berlin';
  assertEquals(next('0 30 9 * * *', '2026-07-01T08:00:00Z', berlin), '2026-07-02T07:30:00Z');
  assertEquals(next('CRON_TZ=Europe/Berlin 0 30 9 * * *', '2026-01-01T09:00:00Z'), '2026-01-02T08:30:00Z');
  assertEquals(next('0 30 2 * * *', '2026-03-28T12:00:00Z', berlin), '2026-03-30T00:30:00Z');
  assertEquals(next('0 30 2 * * *', '2026-10-24T12:00:00Z', berlin), '2026-10-25T00:30:00Z');
  assertEquals(next('0 30 2 * * *', '2026-10-25T00:30:00Z', berlin), '2026-10-25T01:30:00Z');
  assertEquals(next('0 0 0 * * *', '2026-09-05T12:00:00Z', 'America/Santiago'), '2026-09-07T03:00:00Z');
});
