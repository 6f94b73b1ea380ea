/** The scale subresource as the HorizontalPodAutoscaler and KEDA use it: read, replaced and patched, fast and in both directions. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultGroup, replyListKey, requestStreamKey } from '../../contract/keys.ts';
import { encodeRequest } from '../../contract/request.ts';
import { type ApiClient, openApiClient } from '../support/api-client.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { withCount, withIds, withInline, withSpec, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

interface Scale {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number; readonly selector: string };
}
interface Stored {
  readonly metadata: {
    readonly generation: number;
    readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: object }[];
  };
  readonly status: { readonly observedGeneration: number; readonly readyReplicas?: number };
}

let namespace: string;
let redis: TestRedis;
let operator: OperatorProcess;
let node: { stop(): Promise<void> };
let api: ApiClient;

const path = (name: string) => `/apis/redisworker.dev/v1alpha1/namespaces/${namespace}/redisworkers/${name}`;
const scaleOf = async (name: string) => (await api.send('GET', `${path(name)}/scale`)).object as unknown as Scale;
const apply = (object: { metadata: object }) =>
  applyObjects({ ...object, metadata: { ...object.metadata, namespace } });

const slow = `export default async () => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return {};
};
`;

/** Sends a request and waits for its only reply. */
async function answered(type: string): Promise<void> {
  const ref = randomUUID();
  const caller = redis.client.duplicate({ lazyConnect: false });
  try {
    await caller.xadd(requestStreamKey(type), '*', ...Object.entries(encodeRequest(ref, type, '{}')).flat());
    expect(await caller.blpop(replyListKey(ref), 120)).not.toBeNull();
  } finally {
    caller.disconnect();
  }
}

/** As an autoscaler does it: reads the scale, and replaces or patches it; somebody else's write in between is tried again. */
async function scaleTo(name: string, replicas: number, method: 'PUT' | 'PATCH'): Promise<void> {
  await eventually(`the scale of ${name} is set to ${replicas}`, async () => {
    const scale = await scaleOf(name);
    const wanted = method === 'PUT' ? { ...scale, spec: { replicas } } : { spec: { replicas } };
    return (await api.send(method, `${path(name)}/scale`, wanted)).status === 200;
  });
}

describeOnCluster('the scale subresource', () => {
  beforeAll(async () => {
    await installCrds();
    [namespace, redis, api] = await Promise.all([createNamespace('scale'), startGuardedRedis(), openApiClient()]);
    [operator, node] = await Promise.all([
      startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace }),
      startTestNode(namespace),
    ]);
  });
  afterAll(async () => {
    await operator.stop();
    await Promise.all([node.stop(), api.stop()]);
    await redis.stop();
  });

  test('moves consumers in both directions without losing a request, and the operator never writes the spec', {
    timeout: 600_000,
  }, async () => {
    await apply(worker('w', withCount(1), withInline(slow), withSpec({ handler: { concurrency: 1 } })));
    await kubectlOk(['-n', namespace, 'wait', '--for=condition=Ready', 'rw/w', '--timeout=120s']);
    const { status: { selector } } = await scaleOf('w');
    const requests = Promise.all(Array.from({ length: 60 }, () => answered('w')));
    const numbers = [3, 1, 4, 2, 4, 1, 2];
    for (const [at, replicas] of numbers.entries()) {
      await scaleTo('w', replicas, at % 2 === 0 ? 'PUT' : 'PATCH');
      const scale = await scaleOf('w');
      expect([scale.spec.replicas, scale.status.selector]).toEqual([replicas, selector]);
    }
    await requests;
    await eventually('two consumers are left, and the scale says so', async () => {
      const { status, metadata } = (await api.send('GET', path('w'))).object as unknown as Stored;
      const isSeen = status.observedGeneration === metadata.generation;
      return isSeen && (await scaleOf('w')).status.replicas === 2 && status.readyReplicas === 2;
    }, 120_000);
    // One that is told of late may still be on its way out.
    await eventually('two pods are left', async () => {
      const pods = await kubectlOk(['-n', namespace, 'get', 'pods', '-l', selector, '-o', 'name']);
      return pods.trim().split('\n').length === 2;
    }, 120_000);
    const { metadata } = (await api.send('GET', path('w'))).object as unknown as Stored;
    expect(metadata.generation).toBe(1 + numbers.length);
    const ours = metadata.managedFields.filter(({ manager }) => manager.startsWith('redisworker'));
    expect(ours.length).toBeGreaterThan(0);
    for (const { fieldsV1 } of ours) expect(fieldsV1).not.toHaveProperty(['f:spec']);
    await eventually('nothing is pending, and nobody else is in the group', async () => {
      const [pending] = await redis.client.xpending(requestStreamKey('w'), defaultGroup);
      const members = (await redis.client.xinfo('CONSUMERS', requestStreamKey('w'), defaultGroup)) as unknown[][];
      // One that came when all was answered is in the group of a server before 7.2 only once it is given a request.
      return Number(pending) === 0 && members.every(([, name]) => name === '1' || name === '2');
    }, 120_000);
  });

  test.each([
    ['autoscale', withSpec({ consumers: { autoscale: { max: 3, backlogPerConsumer: 10 } } })],
    ['ids', withIds('a', 'b')],
  ])('is refused with one sentence where %s decides', async (how, change) => {
    const name = `by-${how}`;
    await apply(worker(name, change, withSpec({ suspend: true })));
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name, namespace }, spec: { replicas: 3 } };
    const answers = [
      await api.send('PATCH', `${path(name)}/scale`, { spec: { replicas: 3 } }),
      await api.send('PUT', `${path(name)}/scale`, scale),
    ];
    for (const { status, message } of answers) {
      expect(status).toBe(422);
      expect(message).toContain(
        'exactly one of consumers.count, consumers.ids and consumers.autoscale must be given: remove the others (kubectl scale works with consumers.count alone)',
      );
    }
  });
});
