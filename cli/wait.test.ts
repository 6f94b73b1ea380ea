import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { type SessionView, SilentSession } from './endpoint.ts';
import { lookAt, type Outlook, outlookOf } from './wait.ts';

function worker(name: string, type: string, status: string, generation = 1): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, generation },
    status: { observedGeneration: 1, conditions: [{ type, status, reason: 'R', message: `${name} speaks` }] },
  };
}

const ready = worker('a', 'Ready', 'True');
const starting = worker('b', 'Ready', 'False');
const stalled = worker('c', 'Stalled', 'True');
const view = (...items: KubeObject[]) => ({ started: true, items, problems: [] });

interface Case {
  readonly when: string;
  readonly session: SessionView | undefined;
  readonly names?: readonly string[];
  readonly before?: boolean;
  readonly standing: Outlook['standing'];
  readonly line: string;
}

test.each<Case>([
  {
    when: 'no session has come yet',
    session: undefined,
    before: false,
    standing: 'waiting',
    line: 'no "redisworker up" is running',
  },
  { when: 'it has gone', session: undefined, standing: 'failed', line: 'no "redisworker up" is running any more' },
  { when: 'it reads its manifests', session: { ...view(), started: false }, standing: 'waiting', line: 'is starting' },
  { when: 'all are ready', session: view(ready), standing: 'ready', line: 'a is ready' },
  { when: 'one is not', session: view(ready, starting), standing: 'waiting', line: 'b is not ready: b speaks' },
  {
    when: 'one is not, and was not asked for',
    session: view(ready, starting),
    names: ['a'],
    standing: 'ready',
    line: 'a is ready',
  },
  { when: 'one cannot run', session: view(starting, stalled), standing: 'failed', line: 'c cannot run: c speaks' },
  {
    when: 'one is ready as it was before its last change',
    session: view(worker('a', 'Ready', 'True', 2)),
    standing: 'waiting',
    line: 'a',
  },
  {
    when: 'one cannot run as it was before its last change',
    session: view(worker('c', 'Stalled', 'True', 2)),
    standing: 'waiting',
    line: 'c',
  },
  {
    when: 'one is unknown',
    session: view(ready),
    names: ['z'],
    standing: 'failed',
    line: 'there is no worker "z" in the running session',
  },
  {
    when: 'a manifest is wrong',
    session: { ...view(ready), problems: ['w.yaml: no'] },
    standing: 'failed',
    line: 'w.yaml: no',
  },
  { when: 'there is none', session: view(), standing: 'waiting', line: '' },
])('when $when, it is $standing', ({ session, names = [], before = true, standing, line }) => {
  const outlook = outlookOf(session, names, before, 'the running session');
  expect(outlook.standing).toBe(standing);
  expect(outlook.lines.join('\n')).toContain(line);
});

test('a session that says nothing for a while is waited for, and one that fails is not', async () => {
  const answers = [new SilentSession('it says nothing'), undefined, view(ready), undefined, new Error('it fails')];
  const look = lookAt(
    async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return await Promise.resolve(answer);
    },
    [],
    'the session',
  );
  expect(await look()).toEqual({ standing: 'waiting', lines: ['it says nothing'] });
  expect([await look(), await look(), await look()].map(({ standing }) => standing)).toEqual([
    'waiting',
    'ready',
    'failed',
  ]);
  await expect(look()).rejects.toThrow('it fails');
});
