import { expect, test } from 'vitest';
import { formatAge } from './age.ts';

const hour = 3600;
const day = 24 * hour;

test.each([
  [-5, '0s'],
  [0, '0s'],
  [119.9, '119s'],
  [120, '2m'],
  [200, '3m20s'],
  [599, '9m59s'],
  [600, '10m'],
  [3 * hour - 1, '179m'],
  [3 * hour + 60, '3h1m'],
  [8 * hour, '8h'],
  [2 * day, '2d'],
  [2 * day + 4 * hour, '2d4h'],
  [8 * day + hour, '8d'],
  [2 * 365 * day + 3 * day, '2y3d'],
  [9 * 365 * day, '9y'],
])('%d seconds are told as kubectl tells them: %s', (seconds, age) => {
  expect(formatAge(seconds)).toBe(age);
});
