import { expect, test } from 'vitest';
import { createJudge } from './probes.ts';

const probe = {
  httpGet: { path: '/', port: 1, httpHeaders: [] },
  initialDelaySeconds: 0,
  periodSeconds: 5,
  timeoutSeconds: 1,
  failureThreshold: 3,
  successThreshold: 2,
};

function judged(...answers: readonly (readonly [seconds: number, problem?: string])[]): boolean[] {
  const told: boolean[] = [];
  const judge = createJudge(probe, (passed) => told.push(passed));
  for (const [seconds, problem] of answers) judge(problem, seconds * 1000);
  return told;
}

test('passes after as many answers in a row as it asks for', () => {
  expect(judged([0], [1, 'no'], [2])).toEqual([]);
  expect(judged([0], [1, 'no'], [2], [3])).toEqual([true]);
});

test('fails once failures have gone on for their periods, however often it asked', () => {
  expect(judged([0, 'no'], [1, 'no'], [2, 'no'], [9, 'no'])).toEqual([]);
  expect(judged([0, 'no'], [9, 'no'], [10, 'no'], [11, 'no'])).toEqual([false]);
});

test('tells changes alone', () => {
  expect(judged([0], [1], [2], [10, 'no'], [20, 'no'], [21, 'no'], [22], [23])).toEqual([true, false, true]);
});
