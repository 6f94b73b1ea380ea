import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import { onShutdown } from './shutdown.ts';

interface Closer {
  readonly name: string;
  readonly close: () => void | Promise<void>;
}

/** @param closers in the order they are opened */
function arrange(closers: Closer[]) {
  const signals = new EventEmitter();
  const clock = new ManualClock();
  const exits: number[] = [];
  const errors: object[] = [];
  const shutdown = onShutdown(signals, {
    deadlineMs: 10_000,
    clock,
    exit: (code) => exits.push(code),
    log: { info: () => undefined, error: (fields) => void errors.push(fields) },
  });
  for (const { name, close } of closers) shutdown.closes(name, close);
  return { signals, clock, exits, errors, shutdown };
}

test('closes what was opened last first on SIGTERM, and exits with 0', async () => {
  const order: string[] = [];
  const closer = (name: string): Closer => ({
    name,
    close: async () => {
      await settled();
      order.push(name);
    },
  });
  const { signals, shutdown, exits, clock } = arrange([closer('cluster'), closer('lease'), closer('queue')]);
  signals.emit('SIGTERM', 'SIGTERM');
  await shutdown.stop('again');
  expect(order).toEqual(['queue', 'lease', 'cluster']);
  expect(exits).toEqual([0]);
  expect(clock.pending).toBe(0);
});

test('a closer that fails does not keep the next from running, and the exit code tells', async () => {
  const order: string[] = [];
  const { shutdown, exits, errors } = arrange([
    {
      name: 'redis',
      close: () => {
        order.push('redis');
      },
    },
    {
      name: 'queue',
      close: () => {
        throw new Error('stuck');
      },
    },
  ]);
  await shutdown.stop('lease lost');
  expect(order).toEqual(['redis']);
  expect(exits).toEqual([1]);
  expect(errors[0]).toMatchObject({ closer: 'queue' });
});

test('names the closer that misses the deadline, and exits with 1', async () => {
  const { shutdown, clock, exits, errors } = arrange([{
    name: 'queue',
    close: () => new Promise<void>(() => undefined),
  }]);
  void shutdown.stop('SIGTERM');
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

test('ends with the code it is told when everything closes, once, and closes what is opened meanwhile', async () => {
  const { shutdown, exits } = arrange([]);
  let closed = false;
  shutdown.closes('cluster', () => shutdown.closes('late', () => void (closed = true)));
  const stopping = shutdown.stop('could not start', 3);
  expect(shutdown.isStopping).toBe(true);
  await Promise.all([stopping, shutdown.stop('again', 4)]);
  expect([exits, closed]).toEqual([[3], true]);
});
