import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { ClusterError, type KubeObject } from '../../cluster/cluster.ts';
import { RuntimeSecrets } from './runtime-secrets.ts';

const key = 'x/w';
const ref = { namespace: 'x', name: 'w-worker' };
const secret = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { ...ref, resourceVersion },
});

/** Secrets against a cluster that answers what the test says. */
function secrets(answers: (KubeObject | undefined | ClusterError)[] = [secret('1')]) {
  const clock = new ManualClock();
  const enqueued: string[] = [];
  let asked = 0;
  const get = () => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    return answer instanceof ClusterError ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const one = new RuntimeSecrets({ cluster: { get }, clock, enqueue: (worker) => enqueued.push(worker) });
  const read = async () => (await one.read(key, ref))?.metadata.resourceVersion;
  return { one, read, clock, enqueued, asked: () => asked };
}

test('a Secret is asked for once, also one that is not there, until it is in doubt', async () => {
  const { one, read, asked } = secrets([undefined, secret('2'), secret('3')]);
  expect([await read(), await read(), asked()]).toEqual([undefined, undefined, 1]);
  one.doubt(key);
  expect([await read(), await read(), asked()]).toEqual(['2', '2', 2]);
  one.doubt(key);
  expect([await read(), asked()]).toEqual(['3', 3]);
  one.forget(key);
  await read();
  expect(asked()).toBe(4);
});

test('what was written is known without a question', async () => {
  const { one, read, asked } = secrets();
  one.doubt(key);
  one.wrote(key, secret('7'));
  expect([await read(), asked()]).toEqual(['7', 0]);
});

test('a question that was not answered is asked again, and so is one that was overtaken by a doubt', async () => {
  const { one, read, asked } = secrets([new ClusterError(0, 'Timeout', 'no answer'), secret('1')]);
  await expect(read()).rejects.toThrow('no answer');
  const answer = read();
  one.doubt(key);
  expect([await answer, await read(), asked()]).toEqual(['1', '1', 3]);
});

test('a worker whose pods do not come up is looked at every half minute with a fresh Secret, and no other ever', async () => {
  const { one, read, clock, enqueued, asked } = secrets();
  await read();
  one.keep(key, true);
  one.keep('x/other', false);
  await clock.advance(29_000);
  one.keep(key, true);
  expect([enqueued, clock.pending]).toEqual([[], 1]);
  await clock.advance(1000);
  await read();
  expect([enqueued, asked()]).toEqual([[key], 2]);
  await clock.advance(30_000);
  expect(enqueued).toEqual([key, key]);
  one.keep(key, false);
  await clock.advance(60_000);
  expect([enqueued.length, clock.pending]).toEqual([2, 0]);
});
