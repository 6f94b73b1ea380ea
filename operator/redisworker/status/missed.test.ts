import { expect, test } from 'vitest';
import { missedEvent } from './missed.ts';

const missed = (count: number) => ({ responses: { total: 100, missed: count } });

test('a gap is told once, with what is new of it', () => {
  expect(missedEvent(undefined, missed(45))?.message).toBe(
    '45 responses were trimmed from the response stream before the operator had read them: they are counted, but ' +
      'their codes are taken to be like those of the others; spec.stream.responseLimit says how many the stream keeps',
  );
  expect(missedEvent(missed(45), missed(46))).toEqual({
    reason: 'ResponsesMissed',
    message: expect.stringMatching(/^1 response was trimmed .* it is counted, but its code is taken/) as string,
  });
  expect(missedEvent(missed(45), missed(45))).toBeUndefined();
});

test('a worker that has missed nothing, or has counted nothing yet, tells of no gap', () => {
  expect(missedEvent(undefined, {})).toBeUndefined();
  expect(missedEvent({}, { responses: { total: 100 } })).toBeUndefined();
});
