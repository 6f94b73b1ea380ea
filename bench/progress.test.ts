import { describe, expect, it } from 'vitest';
import { acknowledgedBy, firstRequests, goneFrom, speedOf } from './progress.ts';

const ms = (value: number): number => value * 1000;

describe('progress', () => {
  it('is what a group was delivered, without what is pending', () => {
    const groups = [
      ['name', 'other', 'pending', 1, 'entries-read', 9],
      ['name', 'worker', 'consumers', 1, 'pending', 3, 'last-delivered-id', '5-0', 'entries-read', 10, 'lag', 2],
    ];
    expect(acknowledgedBy('s', 'worker').done([groups])).toBe(7);
  });

  it('is nothing while there is no group, or while it has read nothing', () => {
    expect(acknowledgedBy('s', 'worker').done([[]])).toBe(0);
    expect(acknowledgedBy('s', 'worker').done([[['name', 'worker', 'pending', 0, 'entries-read', null]]])).toBe(0);
  });

  it('of a queue is what has left its lists', () => {
    expect(goneFrom(['wait', 'active'], 100).done([60, 10])).toBe(30);
  });
});

describe('speed', () => {
  it('runs from the first sample with something done to the last with something left', () => {
    const samples = [
      { done: 0, us: ms(0) },
      { done: 100, us: ms(50) },
      { done: 300, us: ms(150) },
      { done: 400, us: ms(900) }, // when it was over in between, nobody knows
    ];
    expect(speedOf(samples, 400).perSecond).toBe(2000);
  });

  it('of a run between two samples ends with the last', () => {
    expect(speedOf([{ done: 100, us: ms(0) }, { done: 200, us: ms(100) }], 200)).toEqual({ perSecond: 1000 });
  });

  it('tells the warm-up from what is behind it', () => {
    const samples = [
      { done: 1000, us: ms(0) },
      { done: firstRequests - 9000, us: ms(500) },
      { done: firstRequests + 11_000, us: ms(1500) }, // 20,000 in a second: the warm-up ends in the middle
      { done: firstRequests + 51_000, us: ms(2500) },
      { done: 100_000, us: ms(9000) },
    ];
    const { firstPerSecond, warmPerSecond } = speedOf(samples, 100_000);
    expect(firstPerSecond).toBe(20_000);
    expect(warmPerSecond).toBe(33_333);
  });

  it('has no warm part where next to nothing is behind the warm-up', () => {
    const samples = [{ done: 1000, us: ms(0) }, { done: 22_000, us: ms(1000) }, { done: 23_000, us: ms(1100) }];
    expect(speedOf(samples, 30_000)).not.toHaveProperty('warmPerSecond');
  });

  it('cannot be told where nothing was done', () => {
    expect(() => speedOf([{ done: 0, us: 1 }], 10)).toThrow('nothing was done');
  });
});
