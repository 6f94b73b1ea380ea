import { describe, expect, it } from 'vitest';
import { countersIn, judge, type Ledger } from './ledger.ts';

const asked = { 200: 5, 400: 3 };
const right: Ledger = { delivered: true, pending: 0, counted: { 200: 5 }, responses: { 400: 3 }, repeated: 0 };

describe('a ledger', () => {
  it('is right where each answer is counted or leaves a response', () => {
    expect(judge(right, asked)).toEqual({ lost: 0, twice: 0 });
  });

  it('tells what was counted too little or too often, though the sum is right', () => {
    expect(judge({ ...right, counted: { 200: 6 }, responses: { 400: 2 } }, asked)).toEqual({ lost: 1, twice: 1 });
  });

  it('tells a response of a failure that is missing, is there twice, or is of an answer that is counted too', () => {
    expect(judge({ ...right, responses: { 400: 2 } }, asked).lost).toBe(1);
    expect(judge({ ...right, repeated: 2 }, asked).twice).toBe(2);
    expect(judge({ ...right, responses: { 200: 1, 400: 3 } }, asked).twice).toBe(1);
  });

  it('tells what was never delivered or acknowledged', () => {
    expect(judge({ ...right, pending: 2 }, asked).lost).toBe(2);
    expect(judge({ ...right, delivered: false }, asked).lost).toBe(1);
  });

  it('of a worker whose every answer leaves a response is held against those', () => {
    const whole = { ...right, counted: {}, responses: asked };
    expect(judge(whole, asked)).toEqual({ lost: 0, twice: 0 });
    expect(judge({ ...whole, responses: { 200: 5 } }, asked).lost).toBe(3);
  });

  it('finds the counters of all consumers among what else is on record of a group', () => {
    const record = new Map([['resource', 'default/w/uid-123'], ['position', '1700000000200-0'], ['done:200:1', '7'], [
      'done:200:b:2',
      '2',
    ], ['done:503:1', '1']]);
    expect(countersIn(record)).toEqual({ 200: 9, 503: 1 });
  });
});
