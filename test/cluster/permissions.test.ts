/** An operator that lacks a right says which, and goes on with everything else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { servedRules } from '../../operator/cluster/kubernetes/rights.ts';
import { createAccount, type TestAccount, without } from '../support/control-plane/service-account.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
  sharedCluster,
} from '../support/control-plane/shared.ts';
import { withSpec, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

interface Conditioned {
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

const readyz = async ({ httpUrl }: OperatorProcess): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${httpUrl}/readyz`);
  return { status: response.status, text: await response.text() };
};

describeOnCluster('an operator without a right', () => {
  let namespace: string;
  let redis: TestRedis;
  let account: TestAccount;
  let operator: OperatorProcess;
  let node: { stop(): Promise<void> };

  const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
  const apply = (object: { metadata: object }) =>
    applyObjects({ ...object, metadata: { ...object.metadata, namespace } });
  const condition = async (name: string, type: string) =>
    (JSON.parse(await inNamespace('get', 'rw', name, '-o', 'json')) as Conditioned).status?.conditions?.find((one) =>
      one.type === type
    );
  const ready = (name: string) => inNamespace('wait', '--for=condition=Ready', `rw/${name}`, '--timeout=60s');
  const forbidden = (name: string) =>
    eventually(`${name} tells what it lacks`, async () => {
      const found = await condition(name, 'Ready');
      return found?.reason === 'Forbidden' && found.message;
    }, 60_000);

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('rights');
    redis = await startGuardedRedis();
    account = await createAccount(sharedCluster(), { namespace });
    await account.allow(without('list', 'pods'));
    const start = startOperatorProcess({
      redisUrl: redis.url,
      redisPassword,
      namespace,
      kubeconfig: account.kubeconfig,
      args: ['--no-leader-elect'],
      awaitReady: false,
    });
    [operator, node] = await Promise.all([start, startTestNode(namespace)]);
  });
  afterAll(async () => {
    await operator.stop();
    await node.stop();
    await redis.stop();
  });

  test('to list pods waits for it, tells so in /readyz and in one line of its log, and starts once it has it', async () => {
    const { text } = await eventually('/readyz names the right', async () => {
      const answer = await readyz(operator);
      return answer.text.includes('cannot list resource "pods"') && answer;
    });
    expect(text).toContain("grant the operator's service account this verb");
    expect((await readyz(operator)).status).toBe(503);
    expect(operator.output().split('cannot list resource \\"pods\\"')).toHaveLength(2);
    await account.allow(servedRules);
    await eventually('it has started', async () => (await readyz(operator)).status === 200, 60_000);
    await apply(worker('earlier'));
    await ready('earlier');
  });

  test('to read Secrets that a worker names tells so in its condition, and goes on when it may', async () => {
    await account.allow(without('get', 'secrets'));
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token', namespace }, stringData: { a: '1' } };
    await applyObjects(secret);
    await apply(worker('secretive', withSpec({ secretRef: { name: 'token' } })));
    expect(await forbidden('secretive')).toMatch(
      /cannot get resource "secrets".*: grant the operator's service account this verb/,
    );
    expect(await ask(redis.client, 'earlier', 1)).toMatchObject({ code: 200 });
    await account.allow(servedRules);
    await ready('secretive');
  });

  test('to write policies starts no pod without one, and leaves others alone', async () => {
    await account.allow(without('patch', 'networkpolicies'));
    await apply(worker('later'));
    expect(await forbidden('later')).toMatch(
      /cannot patch resource "networkpolicies".*: grant the operator's service account this verb/,
    );
    expect(await inNamespace('get', 'deployments', '-o', 'name')).not.toContain('later-1');
    expect(await ask(redis.client, 'earlier', 2)).toMatchObject({ code: 200 });
    expect(await condition('earlier', 'Ready')).toMatchObject({ status: 'True' });
    await account.allow(servedRules);
    await ready('later');
    expect(operator.child.exitCode).toBeNull();
  });
});

describeOnCluster('an operator on a cluster without the CustomResourceDefinition', () => {
  let controlPlane: ControlPlane;
  let operator: OperatorProcess;

  beforeAll(async () => {
    controlPlane = await startControlPlane({ parts: 'ApiServer' });
    operator = await startOperatorProcess({
      namespace: 'default',
      cluster: controlPlane,
      args: ['--no-leader-elect'],
      awaitReady: false,
    });
  });
  afterAll(async () => {
    await operator.stop();
    await controlPlane.stop();
  });

  test('says what to do, and begins by itself once it is done', async () => {
    const todo = 'install its CustomResourceDefinition (kubectl apply -f crds/)';
    await eventually('/readyz says what to do', async () => {
      const answer = await readyz(operator);
      return answer.status === 503 && answer.text.includes(todo);
    });
    expect(operator.output().split(todo)).toHaveLength(2);
    const { code, stderr } = await controlPlane.kubectl(['apply', '--server-side', '-f', 'crds']);
    expect(stderr + String(code)).toBe('0');
    await eventually('it has begun', async () => (await readyz(operator)).status === 200, 60_000);
    await controlPlane.kubectl(['apply', '-f', '-'], {
      stdin: JSON.stringify(worker('first', withSpec({ redis: { url: 'redis://127.0.0.1:1' } }))),
    });
    await eventually(
      'it looks after workers',
      async () =>
        (await controlPlane.kubectl([
          'get',
          'rw',
          'first',
          '-o',
          'jsonpath={.status.conditions[?(@.type=="RedisReachable")].reason}',
        ])).stdout === 'RedisUnreachable',
      60_000,
    );
  });
});
