import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  answer,
  answerStatus,
  type FaultApiServer,
  startFaultApiServer,
} from '../../../test/support/fault-api-server.ts';
import { quietLog } from '../../../test/support/quiet-log.ts';
import { eventually } from '../../../test/support/wait.ts';
import { type ClusterError, type Followed, type KubeObject, resources } from '../cluster.ts';
import { connectKubernetes, type KubernetesCluster } from './index.ts';

let server: FaultApiServer;
let cluster: KubernetesCluster;
let copy: Followed;
let changes: string[];
let problems: (ClusterError | undefined)[];
/** Of the Secret of this test: a question of the one before may still be on its way. */
let name = 's0';

beforeAll(async () => {
  server = await startFaultApiServer();
});
afterAll(() => server.stop());
afterEach(async () => {
  await cluster.close();
  name = `s${Number(name.slice(1)) + 1}`;
});

const secret = (resourceVersion: string, uid = 'u'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'n', uid, resourceVersion },
});
const present = (object: KubeObject) => (response: ServerResponse) => answer(response, 200, object);
const absent = (response: ServerResponse): void => answerStatus(response, 404, 'NotFound', 'no such Secret');

/** Follows one Secret against answers that are given in turn; the last one is given for ever. */
async function followAgainst(...answers: ((response: ServerResponse) => void)[]): Promise<void> {
  changes = [];
  problems = [];
  const ours = `/${name}`;
  server.behave(({ path }, response) => {
    if (/\/s\d+$/.test(path) && !path.endsWith(ours)) return void response.destroy();
    (answers.length > 1 ? answers.shift() : answers[0])?.(response);
  });
  cluster = await connectKubernetes({
    kubeconfig: server.kubeconfigPath,
    log: quietLog(),
    watchTiming: { asking: { initialMs: 1, maxMs: 5 }, backOff: { initialMs: 1, maxMs: 5 } },
    hooks: { watchProblem: (_, problem) => problems.push(problem) },
  });
  copy = cluster.follow(resources.secrets, { namespace: 'n', name });
  copy.onChange((type, { metadata }) => changes.push(`${type} ${metadata.uid} ${metadata.resourceVersion}`));
}

test('a Secret is asked for by its name, never listed or watched, and told of when it comes, changes and goes', async () => {
  await followAgainst(
    absent,
    present(secret('1')),
    present(secret('1')),
    present(secret('2')),
    present(secret('3', 'v')),
    absent,
  );
  await copy.synced;
  await eventually('it is gone', () => changes.at(-1)?.startsWith('deleted'));
  expect(changes).toEqual(['added u 1', 'modified u 2', 'deleted u 2', 'added v 3', 'deleted v 3']);
  expect(copy.list()).toEqual([]);
  const asked = new Set(server.requests.map(({ method, path, query }) => `${method} ${path}?${query.toString()}`));
  expect([...asked]).toEqual([`GET /api/v1/namespaces/n/secrets/${name}?`]);
});

test('a Secret that cannot be read stays as it was, and the refusal is told until it is over', async () => {
  await followAgainst(
    present(secret('1')),
    (response) => answerStatus(response, 403, 'Forbidden', 'cannot get resource "secrets"'),
    present(secret('2')),
  );
  await eventually('it is read again', () => changes.at(-1) === 'modified u 2');
  expect(changes).toEqual(['added u 1', 'modified u 2']);
  await eventually('the problem is over', () => problems.length === 2);
  expect(problems.map((problem) => problem?.reason)).toEqual(['Forbidden', undefined]);
});

test('a stopped copy asks no more', async () => {
  await followAgainst(present(secret('1')));
  await copy.synced;
  copy.stop();
  const atMost = server.requests.length + 1;
  await cluster.get(resources.secrets, { namespace: 'n', name: 'other' });
  await cluster.get(resources.secrets, { namespace: 'n', name: 'other' });
  expect(server.requests.filter(({ path }) => path.endsWith(`/${name}`)).length).toBeLessThanOrEqual(atMost);
});
