/** The network gate on a real API server. Pods are processes of this machine, so nothing keeps them from the canary: it stays open. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateField } from '../../contract/gate.ts';
import { configHashKey } from '../../contract/keys.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { withInline, withSpec, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { freePort } from '../support/processes.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

interface Conditioned {
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}
interface Pods {
  items: { status?: { containerStatuses?: { lastState?: { terminated?: { exitCode: number } } }[] } }[];
}
interface Events {
  items: { reason: string; type: string; regarding?: { name: string } }[];
}

describeOnCluster('a cluster whose network enforces nothing', () => {
  let namespace: string;
  let redis: TestRedis;
  let operator: OperatorProcess;
  let node: { stop(): Promise<void> };
  let canary: string;

  const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
  const read = async <T>(...what: string[]) => JSON.parse(await inNamespace('get', ...what, '-o', 'json')) as T;
  const apply = (object: { metadata: object }) =>
    applyObjects({ ...object, metadata: { ...object.metadata, namespace } });
  const told = (name: string, type: string, reason: string) =>
    eventually(`${type} of ${name} is ${reason}`, async () => {
      const found = (await read<Conditioned>('rw', name)).status?.conditions?.find((one) => one.type === type);
      return found?.reason === reason && found;
    }, 90_000);

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('gate');
    redis = await startGuardedRedis();
    canary = `127.0.0.1:${await freePort()}`;
    const args = ['--no-leader-elect', '--canary-address', canary, '--canary-listen', canary];
    [operator, node] = await Promise.all([
      startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace, args }),
      startTestNode(namespace),
    ]);
  });
  afterAll(async () => {
    await operator.stop();
    await node.stop();
    await redis.stop();
  });

  test('is told with the consumer that found out, and by a Warning, while the worker runs', async () => {
    await apply(worker('seen'));
    const condition = await told('seen', 'NetworkPolicyEnforced', 'NotEnforced');
    expect(condition.status).toBe('False');
    expect(condition.message).toContain(`consumer "1" reached the canary ${canary}, which the policy does not open`);
    expect(await ask(redis.client, 'seen', 1)).toMatchObject({ code: 200 });
    expect(JSON.parse((await redis.client.hget(configHashKey('seen', '1'), gateField))!)).toMatchObject({
      result: 'Open',
    });
    await eventually(
      'the Warning is there',
      async () =>
        (await read<Events>('events.events.k8s.io')).items.some(({ reason, type, regarding }) =>
          reason === 'NetworkPolicyNotEnforced' && type === 'Warning' && regarding?.name === 'seen'
        ),
    );
    expect(operator.output()).toContain('the operator reaches its canary');
  });

  test('runs no code of a worker that requires a closed network, and says why', async () => {
    await apply(
      worker(
        'strict',
        withInline('console.log("top level reached");\nexport default () => 1;\n'),
        withSpec({ networkPolicy: { enforcement: 'Required' } }),
      ),
    );
    const condition = await told('strict', 'NetworkPolicyEnforced', 'NotEnforced');
    expect(condition.message).toMatch(/user code does not run$/);
    const ready = await told('strict', 'Ready', 'ConsumersFailing');
    expect(ready.message).toContain('the network is open: the canary');
    const { items: [pod] } = await read<Pods>('pods', '-l', 'redisworker.dev/name=strict');
    expect(pod?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(6);
    expect(await redis.client.hmget(configHashKey('strict', '1'), 'pid', gateField)).toEqual([null, null]);
  });

  test('cannot be told where the scope may open the canary: such a worker runs at once, and stalls when it insists', async () => {
    const permissions = { net: ['127.0.0.1'] };
    await apply(worker('wide', withSpec({ permissions })));
    await inNamespace('wait', '--for=condition=Ready', 'rw/wide', '--timeout=60s');
    expect((await told('wide', 'NetworkPolicyEnforced', 'CanaryInScope')).status).toBe('Unknown');
    await apply(worker('wide', withSpec({ permissions, networkPolicy: { enforcement: 'Required' } })));
    expect((await told('wide', 'Stalled', 'EnforcementUnverifiable')).message).toContain(
      'give that entry the port it needs',
    );
    expect(await ask(redis.client, 'wide', 2)).toMatchObject({ code: 200 });
  });
});
