import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import { type Closer, onShutdown } from './shutdown.ts';

function arrange(closers: Closer[]) {
  const signals = new EventEmitter();
  const clock = new ManualClock();
  const exits: number[] = [];
  const errors: object[] = [];
  const shutDown = onShutdown(signals, {
    closers,
    deadlineMs: 10_000,
    clock,
    exit: (code) => exits.push(code),
    log: { info: () => undefined, error: (fields) => void errors.push(fields) },
  });
  return { signals, clock, exits, errors, shutDown };
}

test('closes in order on SIGTERM and exits with 0', async () => {
  const order: string[] = [];
  const closer = (name: string): Closer => ({
    name,
    close: async () => {
      await settled();
      order.push(name);
    },
  });
  const { signals, shutDown, exits, clock } = arrange([closer('ready'), closer('queue'), closer('lease')]);
  signals.emit('SIGTERM', 'SIGTERM');
  await shutDown('again');
  expect(order).toEqual(['ready', 'queue', 'lease']);
  expect(exits).toEqual([0]);
  expect(clock.pending).toBe(0);
});

test('a closer that fails does not keep the next from running, and the exit code tells', async () => {
  const order: string[] = [];
  const { shutDown, exits, errors } = arrange([
    {
      name: 'queue',
      close: () => {
        throw new Error('stuck');
      },
    },
    {
      name: 'redis',
      close: () => {
        order.push('redis');
      },
    },
  ]);
  await shutDown('lease lost');
  expect(order).toEqual(['redis']);
  expect(exits).toEqual([1]);
  expect(errors[0]).toMatchObject({ closer: 'queue' });
});

test('names the closer that misses the deadline, and exits with 1', async () => {
  const { shutDown, clock, exits, errors } = arrange([{
    name: 'queue',
    close: () => new Promise<void>(() => undefined),
  }]);
  void shutDown('SIGTERM');
  await clock.advance(10_000);
  expect(exits).toEqual([1]);
  expect(errors[0]).toMatchObject({ closer: 'queue' });
});

test('a second signal ends the process at once', async () => {
  const { signals, exits } = arrange([{ name: 'queue', close: () => new Promise<void>(() => undefined) }]);
  signals.emit('SIGINT', 'SIGINT');
  signals.emit('SIGINT', 'SIGINT');
  await settled();
  expect(exits).toEqual([1]);
});
