import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { eventually } from '../test/support/wait.ts';
import { ManualClock } from '../test/support/manual-clock.ts';
import { startCanary, watchCanary } from './canary.ts';

const here = '127.0.0.1';

/** Connects and sends; settles with what came back once the connection is over. */
const talk = (port: number) =>
  new Promise<string>((resolve) => {
    const heard: Buffer[] = [];
    const socket = connect(port, here, () => socket.write('hello\n'));
    socket.on('data', (bytes) => heard.push(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(heard).toString()));
  });

it('the canary answers many at once by closing, and says nothing', async () => {
  const canary = await startCanary({ address: here, port: 0 });
  expect(await Promise.all(Array.from({ length: 400 }, () => talk(canary.port)))).toEqual(Array(400).fill(''));
  await canary.close();
});

it('the canary that cannot listen says where, and what to do', async () => {
  const first = await startCanary({ address: here, port: 0 });
  await expect(startCanary({ address: here, port: first.port })).rejects.toThrow(
    `the canary cannot listen on 127.0.0.1:${first.port}: `,
  );
  await first.close();
});

it('the operator notices that it does not reach its canary, and that it does again', async () => {
  const canary = await startCanary({ address: here, port: 0 });
  const clock = new ManualClock();
  const changes: (string | undefined)[] = [];
  const watch = watchCanary({ address: here, port: canary.port }, clock, (problem) => changes.push(problem));
  expect(watch.problem()).toBe('nobody has looked yet');
  await eventually('it is reached', () => watch.problem() === undefined);
  await canary.close();
  const refused = `127.0.0.1:${canary.port} cannot be reached: ECONNREFUSED`;
  await eventually('it is not', async () => (await clock.advance(60_000), watch.problem() === refused));
  const again = await startCanary({ address: here, port: canary.port });
  await eventually('it is again', async () => (await clock.advance(5_000), watch.problem() === undefined));
  expect(changes).toEqual([undefined, refused, undefined]);
  watch.stop();
  await again.close();
});
