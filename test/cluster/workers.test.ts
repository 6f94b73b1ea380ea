/** The main job on a real API server, through nothing but kubectl and Redis. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey, requestStreamKey } from '../../contract/keys.ts';
import type { RedisWorkerStatus } from '../../operator/api/redisworker.ts';
import { defaultTaskDetails, taskQueueKey } from '../../contract/tasks.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { hatsWorker, withCount, withInline, withSpec, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const examples = join(import.meta.dirname, '../../examples');

interface Listed {
  items: {
    kind: string;
    metadata: { name: string; labels?: Record<string, string>; uid: string; creationTimestamp?: string };
    spec: Record<string, unknown>;
    status?: Record<string, unknown>;
  }[];
}
type HatsStatus = NonNullable<RedisWorkerStatus['hats']>;

interface Conditioned {
  status?: {
    conditions?: { type: string; status: string; reason: string; message: string }[];
    consumersReady?: string;
    responses?: { total: number };
    observedGeneration?: number;
  };
}

let namespace: string;
let redis: TestRedis;
let operator: OperatorProcess;
let node: { stop(): Promise<void> };

const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
const list = async (kind: string) => JSON.parse(await inNamespace('get', kind, '-o', 'json')) as Listed;
const read = async (name: string) => JSON.parse(await inNamespace('get', 'rw', name, '-o', 'json')) as Conditioned;
const condition = async (name: string, type: string) =>
  (await read(name)).status?.conditions?.find((one) => one.type === type);
async function listening(text: string): Promise<{ readonly server: Server; readonly host: string }> {
  const server = createServer((_, response) => response.end(text));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const ready = (name: string) => inNamespace('wait', '--for=condition=Ready', `rw/${name}`, '--timeout=60s');
const apply = (object: { metadata: object }) =>
  applyObjects({ ...object, metadata: { ...object.metadata, namespace } });

describeOnCluster('workers on a cluster', () => {
  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('workers', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    redis = await startGuardedRedis();
    [operator, node] = await Promise.all([
      startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace }),
      startTestNode(namespace),
    ]);
  });

  afterAll(async () => {
    await operator.stop();
    await node.stop();
    await redis.stop();
  });

  test('kubectl apply -f examples/ brings workers that answer', async () => {
    await inNamespace('apply', '-f', examples);
    await inNamespace('wait', '--for=condition=Ready', 'rw', '--all', '--timeout=90s');
    expect(await ask(redis.client, 'demo-worker', { name: 'Ada' })).toMatchObject({
      code: 200,
      source: 'demo-worker',
      data: { greeting: 'Hello, Ada!' },
    });
    expect(await ask(redis.client, 'demo-worker', {})).toMatchObject({
      code: 400,
      err: { message: 'data.name must be the name of whom to greet' },
    });
    expect(await ask(redis.client, 'word-count', { text: 'to be or not to be' })).toMatchObject({
      code: 200,
      data: { words: 6 },
    });
    const date = await ask(redis.client, 'date-iso', {});
    expect(date.code).toBe(200);
    expect(date.data).toMatchObject({ date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
    const task = `${defaultTaskDetails}on-a-cluster`;
    await redis.client.hset(task, { script: 'gross(10.0)', callerId: 'caller', status: 'pending' });
    await redis.client.rpush(taskQueueKey('02a1b2c3'), 'on-a-cluster');
    const output = async () => (await redis.client.hget(task, 'output')) ?? undefined;
    expect(await eventually('the task is completed', output, 60_000)).toBe('12.0');
  });

  test('the scripts of an example run, and the status counts them and tells of one that fails', async () => {
    await redis.client.rpush('hats:words', 'ada');
    const shouted = async () => await redis.client.lindex('hats:shouted', 0) ?? undefined;
    expect(await eventually('the thread has shouted', shouted, 60_000)).toBe('1 ADA!');
    await eventually('the job ran', async () => Number(await redis.client.get('hats:count')) > 0, 60_000);
    await redis.client.hset('hats:Jobs:theirs.js', { Source: '\n  nothing.here()', Cron: '@every 1s' });
    const { threads, jobs, crashed } = await eventually('the status tells of all', async () => {
      const { status } = await read('hats') as { status?: { hats?: HatsStatus } };
      return status?.hats !== undefined && status.hats.crashed.length > 0 && status.hats;
    }, 60_000);
    expect([threads.running, jobs.crashed]).toEqual([1, 1]);
    expect(crashed).toMatchObject([
      { key: 'hats:Jobs:theirs.js', error: `ReferenceError: 'nothing' is not defined (line 2, column 3)` },
    ]);
    await redis.client.del('hats:Jobs:theirs.js');
  });

  test('a module of an example is called, and calls another one', async () => {
    const call = { module: 'greeting', function: 'hello' };
    expect(await ask(redis.client, 'modules', ['Ada'], 60, call)).toMatchObject({
      code: 200,
      data: 'Hello Ada, visit 1',
    });
    const told = async () => {
      const { status } = await read('modules') as { status?: { modules?: { name: string; calls: number }[] } };
      return status?.modules?.every(({ calls }) => calls === 1) && status.modules.map(({ name }) => name);
    };
    expect(await eventually('the status has a row for each', told, 60_000)).toEqual(['greeting', 'visits']);
  });

  test('of two modules each dials what its own scope has, and the policy opens both and no more', async () => {
    const servers = await Promise.all(['one', 'two'].map(listening));
    const [one = '', two = ''] = servers.map(({ host }) => host);
    const dials = 'export const dial = async (host) => await (await fetch(`http://${host}/`)).text();';
    const dialler = (name: string, ...net: string[]) => ({ name, source: { inline: dials }, permissions: { net } });
    const [first, second, third] = ['198.51.100.7:8001', '198.51.100.8:8002', '198.51.100.9:8003'] as const;
    const spec = {
      runtime: 'Modules',
      permissions: { net: [one, two, first, second, third] },
      modules: [dialler('one', one, first), dialler('two', two, second)],
    };
    const dialling = { ...worker('dialling'), spec };
    await apply(dialling);
    await ready('dialling');
    const dial = async (module: string, host: string) => {
      const { data, err } = await ask(redis.client, 'dialling', [host], 60, { module, function: 'dial' });
      return data ?? err?.message;
    };
    expect([await dial('one', one), await dial('two', two)]).toEqual(['one', 'two']);
    expect(await dial('one', two)).toMatch(/net access to/);
    expect(await dial('two', one)).toMatch(/net access to/);
    const policies = (await list('networkpolicies')).items.filter(({ metadata }) =>
      metadata.name.startsWith('dialling-')
    );
    const egress = JSON.stringify(policies.map(({ spec }) => spec['egress']));
    expect(['.7/32', '.8/32', '.9/32'].map((block) => egress.includes(`198.51.100${block}`))).toEqual([
      true,
      true,
      false,
    ]);
    await inNamespace('delete', 'rw', 'dialling', '--timeout=60s');
    for (const { server } of servers) server.close();
  });

  test('each consumer id has a config hash, a Deployment and a pod under a policy of its scope', async () => {
    const hash = await redis.client.hgetall(configHashKey('demo-worker', '2'));
    expect(hash).toMatchObject({
      type: 'demo-worker',
      consumerId: '2',
      encryptedAlg: 'aes-128-cbc',
      pid: expect.any(String),
      owner: expect.any(String),
    });
    expect(hash['resource']).toMatch(new RegExp(`^${namespace}/demo-worker/`));
    expect((await list('deployments')).items.map(({ metadata }) => metadata.name).sort()).toEqual(
      expect.arrayContaining(['date-iso-1', 'demo-worker-1', 'demo-worker-2']),
    );
    const policies = (await list('networkpolicies')).items;
    for (const pod of (await list('pods')).items) {
      const selecting = policies.filter(({ spec }) =>
        Object.entries((spec['podSelector'] as { matchLabels: Record<string, string> }).matchLabels).every((
          [key, value],
        ) => pod.metadata.labels?.[key] === value)
      );
      expect(selecting).toHaveLength(1);
    }
  });

  test('the key of the secret is in no argument, no variable and no log', async () => {
    const { data } = JSON.parse(await inNamespace('get', 'secret', 'demo-worker-worker', '-o', 'json')) as {
      data: Record<string, string>;
    };
    const key = Buffer.from(data['key']!, 'base64').toString().split(' ')[1]!.trim();
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    const told = [await inNamespace('get', 'pods,deployments,events,rw', '-o', 'json'), operator.output()].join('\n');
    expect(told).not.toContain(key);
    expect(told).not.toContain('only-an-example');
  });

  test('kubectl get rw shows readiness, consumers and answers in columns', async () => {
    await eventually(
      'the responses are counted',
      async () => ((await read('demo-worker')).status?.responses?.total ?? 0) >= 2,
    );
    const [header, ...rows] = (await inNamespace('get', 'rw')).trim().split('\n');
    expect(header!.split(/\s+/)).toEqual(['NAME', 'READY', 'CONSUMERS', 'BACKLOG', 'OK', 'FAILED', 'AGE']);
    const row = rows.find((line) => line.startsWith('demo-worker '));
    expect(row!.split(/\s+/).slice(0, 6)).toEqual(['demo-worker', 'True', '2/2', '0', '1', '1']);
    const described = await inNamespace('describe', 'rw', 'demo-worker');
    expect(described).toContain('all 2 consumers are ready');
  });

  test('kubectl scale adds and removes consumers, and removed ones leave nothing behind', async () => {
    await inNamespace('scale', 'rw/demo-worker', '--replicas=3');
    await eventually(
      'three consumers are ready',
      async () => (await read('demo-worker')).status?.consumersReady === '3/3',
      60_000,
    );
    await inNamespace('scale', 'rw/demo-worker', '--replicas=1');
    await eventually(
      'the hashes of consumers 2 and 3 are gone',
      async () =>
        (await redis.client.exists(configHashKey('demo-worker', '2'), configHashKey('demo-worker', '3'))) === 0,
      60_000,
    );
    await eventually(
      'their Deployments are gone',
      async () =>
        (await list('deployments')).items.filter(({ metadata }) => metadata.name.startsWith('demo-worker')).length ===
          1,
    );
    const consumers = (await redis.client.xinfo('CONSUMERS', requestStreamKey('demo-worker'), 'worker')) as string[][];
    expect(consumers.map((fields) => fields[1])).toEqual(['1']);
    expect(await ask(redis.client, 'demo-worker', { name: 'Grace' })).toMatchObject({ code: 200 });
  });

  test('an edited module is rolled out', async () => {
    await apply(worker('edited', withInline('export default () => "old";\n')));
    await ready('edited');
    expect((await ask(redis.client, 'edited', {})).data).toBe('old');
    await apply(worker('edited', withInline('export default () => "new";\n')));
    await eventually(
      'the new module answers',
      async () => (await ask(redis.client, 'edited', {})).data === 'new',
      60_000,
    );
    await ready('edited');
    // The code before stays for a rollback.
    expect((await list('configmaps')).items.filter(({ metadata }) => metadata.name.startsWith('edited-'))).toHaveLength(
      2,
    );
  });

  test('suspend ends the pods and keeps hashes; resuming answers what came meanwhile', async () => {
    await apply(worker('paused'));
    await ready('paused');
    await apply(worker('paused', withSpec({ suspend: true })));
    await eventually('no pod runs', async () => (await condition('paused', 'Ready'))?.reason === 'Suspended', 60_000);
    const answer = ask(redis.client, 'paused', 'later', 60);
    expect(await redis.client.exists(configHashKey('paused', '1'))).toBe(1);
    await apply(worker('paused', withSpec({ suspend: false })));
    expect(await answer).toMatchObject({ code: 200, data: { echo: 'later' } });
  });

  test('kubectl delete cleans up in Redis and in the API', async () => {
    await apply(worker('deleted', withCount(2)));
    await ready('deleted');
    await inNamespace('delete', 'rw', 'deleted', '--timeout=60s');
    expect(await redis.client.exists(configHashKey('deleted', '1'), configHashKey('deleted', '2'))).toBe(0);
    await eventually('no child is left', async () => {
      const left = await Promise.all(['deployments', 'networkpolicies', 'configmaps', 'secrets', 'pods'].map(list));
      return left.flatMap(({ items }) => items).every(({ metadata }) =>
        metadata.labels?.['redisworker.dev/name'] !== 'deleted'
      );
    }, 60_000);
  });

  test('a tampered policy and a deleted Deployment come back', async () => {
    await apply(worker('guarded'));
    await ready('guarded');
    const policy = (await list('networkpolicies')).items.find(({ metadata }) => metadata.name.startsWith('guarded-'))!;
    await inNamespace(
      'patch',
      'networkpolicy',
      policy.metadata.name,
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/egress","value":[{}]}]',
    );
    await eventually('the policy is closed again', async () => {
      const now = (await list('networkpolicies')).items.find(({ metadata }) => metadata.name === policy.metadata.name);
      return JSON.stringify(now?.spec['egress']) === JSON.stringify(policy.spec['egress']);
    });
    await inNamespace('delete', 'deployment', 'guarded-1');
    await eventually(
      'the Deployment is back',
      async () => (await list('deployments')).items.some(({ metadata }) => metadata.name === 'guarded-1'),
    );
    await ready('guarded');
  });

  test('a pod that has ended for good is taken away, and another takes its place', async () => {
    await apply(worker('evicted', withSpec({ pod: { nodeSelector: { nowhere: 'yes' } } })));
    const podOf = async () =>
      (await list('pods')).items.find(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === 'evicted');
    const { metadata } = await eventually('there is a pod that no node takes', podOf, 60_000);
    const failed = JSON.stringify({ status: { phase: 'Failed', reason: 'Evicted' } });
    await inNamespace('patch', 'pod', metadata.name, '--subresource=status', '--type=merge', '-p', failed);
    await eventually('it is another', async () => {
      const pods = (await list('pods')).items;
      const uids = pods.filter(({ metadata: { labels } }) => labels?.['redisworker.dev/name'] === 'evicted')
        .map(({ metadata: { uid } }) => uid);
      return uids.length === 1 && uids[0] !== metadata.uid;
    }, 60_000);
    await inNamespace('delete', 'rw', 'evicted', '--timeout=60s');
  });

  test('a missing Secret is named, and its arrival is enough', async () => {
    await apply(worker('secretive', withSpec({ secretRef: { name: 'later' } })));
    const waiting = await eventually('the condition names the Secret', async () => {
      const now = await condition('secretive', 'Ready');
      return now?.reason === 'SecretNotFound' && now;
    });
    expect(waiting.message).toContain('Secret "later" of spec.secretRef does not exist');
    await applyObjects({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'later', namespace },
      stringData: { a: 'b' },
    });
    await ready('secretive');
  });

  test('two manifests with one type: the older one keeps it, and its end promotes the other', async () => {
    await apply(worker('elder', withSpec({ type: 'shared' })));
    await ready('elder');
    const made = Date.parse(await inNamespace('get', 'rw', 'elder', '-o', 'jsonpath={.metadata.creationTimestamp}'));
    // Of two that are made within one second neither is the older one, and the one that runs stays.
    await eventually('another second has begun', () => Date.now() >= made + 1000);
    await apply(worker('younger', withSpec({ type: 'shared' })));
    const stalled = await eventually('the younger is stalled', async () => {
      const now = await condition('younger', 'Stalled');
      return now?.status === 'True' && now;
    });
    expect(stalled).toMatchObject({ reason: 'TypeConflict', message: expect.stringContaining(`${namespace}/elder`) });
    expect(await ask(redis.client, 'shared', 1)).toMatchObject({ code: 200 });
    await inNamespace('delete', 'rw', 'elder', '--timeout=60s');
    await ready('younger');
  });

  test('of two manifests of one second the one that runs keeps its group, whatever their uids, and over a restart', async () => {
    const twins = await eventually('two are made in one second', async () => {
      await applyObjects(...['castor', 'pollux'].map((name) => ({ ...worker(name), metadata: { name, namespace } })));
      const made = (await list('rw')).items.filter(({ metadata: { name } }) => /^(castor|pollux)$/.test(name));
      if (made[0]?.metadata.creationTimestamp === made[1]?.metadata.creationTimestamp) return made;
      await inNamespace('delete', 'rw', 'castor', 'pollux', '--timeout=60s');
      return undefined;
    }, 120_000);
    const [lesser = '', greater = ''] = twins.sort((one, other) => (one.metadata.uid < other.metadata.uid ? -1 : 1))
      .map(({ metadata }) => metadata.name);
    await Promise.all([ready(lesser), ready(greater)]);
    // Its pod would be denied the stream that the edit takes away.
    await apply(worker(lesser, withSpec({ suspend: true })));
    const isSuspended = async () => (await condition(lesser, 'Ready'))?.reason === 'Suspended';
    await eventually(`${lesser} is suspended`, isSuspended, 60_000);
    await apply(worker(lesser, withSpec({ suspend: false, stream: { request: requestStreamKey(greater) } })));
    const isStalled = () =>
      eventually(`${lesser} is stalled`, async () => {
        const { status, reason, message } = (await condition(lesser, 'Stalled')) ?? {};
        return status === 'True' && reason === 'GroupConflict' && message?.includes(`${namespace}/${greater}`);
      }, 60_000);
    await isStalled();
    await operator.stop();
    operator = await startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace });
    await apply(worker('marker'));
    await ready('marker');
    await isStalled();
    expect(await condition(greater, 'Ready')).toMatchObject({ status: 'True' });
    expect(await ask(redis.client, greater, 1)).toMatchObject({ code: 200 });
    await inNamespace('delete', 'rw', lesser, greater, 'marker', '--timeout=60s');
  });

  test('a module that does not parse is told in the words of its process, and mending it is enough', async () => {
    await apply(worker('broken', withInline('export default ( => 1;\n')));
    const failing = await eventually('the fault is told', async () => {
      const now = await condition('broken', 'Ready');
      return now?.reason === 'ConsumersFailing' && now;
    }, 60_000);
    expect(failing.message).toContain('consumer "1" fails: ');
    await apply(worker('broken'));
    await ready('broken');
    expect(await ask(redis.client, 'broken', 2)).toMatchObject({ data: { echo: 2 } });
  });

  test('an object of the same name that is not ours is left alone', async () => {
    await applyObjects({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'clash-worker', namespace },
      stringData: { mine: 'yes' },
    });
    await apply(worker('clash'));
    await eventually('the clash is told', async () => (await condition('clash', 'Stalled'))?.reason === 'NameConflict');
    const { data } = JSON.parse(await inNamespace('get', 'secret', 'clash-worker', '-o', 'json')) as { data: object };
    expect(Object.keys(data)).toEqual(['mine']);
    await inNamespace('delete', 'rw', 'clash', '--timeout=60s');
  });

  test('a worker with spec.http has a Service that comes back, is never one of somebody else, and goes with the field', async () => {
    const served = (http?: object) => hatsWorker('served', http ? { http } : {});
    const service = async () => (await list('services')).items.find(({ metadata }) => metadata.name === 'served');
    const ports = [{ port: 80 }];
    await applyObjects({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'served', namespace }, spec: { ports } });
    await apply(served({}));
    await eventually('the other one is told', async () => {
      const stalled = await condition('served', 'Stalled');
      return stalled?.message ===
        `Service "${namespace}/served" exists and does not belong to this worker: rename or delete it`;
    }, 60_000);
    await inNamespace('delete', 'service', 'served');
    await ready('served');
    expect((await service())?.spec).toMatchObject({ ports: [{ name: 'http', port: 80, targetPort: 'http' }] });
    await inNamespace('patch', 'service', 'served', '--type=merge', '-p', '{"spec":{"selector":{"nobody":"here"}}}');
    await eventually('its selector is put right', async () => {
      const { selector = {} } = (await service())?.spec as { selector?: object };
      return Object.keys(selector).sort().join() === 'app.kubernetes.io/managed-by,redisworker.dev/name';
    }, 60_000);
    const opened = async () =>
      (await list('networkpolicies')).items.filter(({ metadata }) =>
        metadata.labels?.['redisworker.dev/name'] === 'served'
      ).flatMap(({ spec }) => (spec['ingress'] ?? []) as object[]);
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    expect(await opened()).toEqual([
      { ports: [{ protocol: 'TCP', port: 8080 }], from: [{ podSelector: {}, namespaceSelector }] },
    ]);
    await apply(served());
    await eventually('the Service is gone', async () => (await service()) === undefined, 60_000);
    await eventually('the port is closed', async () => (await opened()).length === 0, 60_000);
    await inNamespace('delete', 'rw', 'served', '--timeout=60s');
  });

  test('a policy or a Deployment of the same name that is not ours is left alone, and told until it is gone', async () => {
    const policies = async () => await list('networkpolicies,deployments');
    const ofTwin = async () =>
      (await policies()).items.filter(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === 'twin');
    await apply(worker('twin'));
    await ready('twin');
    const own = (await ofTwin()).find(({ kind }) => kind === 'NetworkPolicy');
    const name = own?.metadata.name;
    if (name === undefined) throw new Error('the worker has no policy');
    await inNamespace('delete', 'rw', 'twin', '--timeout=60s');
    await eventually('what it had is collected', async () => (await ofTwin()).length === 0, 90_000);
    const labels = { not: 'ours' };
    const foreign = [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name, namespace },
        spec: { podSelector: { matchLabels: labels } },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'twin-1', namespace },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'registry.invalid/c:1' }] } },
        },
      },
    ];
    await applyObjects(...foreign);
    await apply(worker('twin'));
    for (const { kind, metadata } of foreign) {
      const told = `${kind} "${namespace}/${metadata.name}" exists and does not belong to this worker`;
      await eventually(`${kind} is told`, async () => {
        const stalled = await condition('twin', 'Stalled');
        return stalled?.reason === 'NameConflict' && stalled.message.startsWith(told);
      }, 60_000);
      await inNamespace('delete', kind, metadata.name);
    }
    await ready('twin');
    await inNamespace('delete', 'rw', 'twin', '--timeout=60s');
  });

  test('a worker whose settings the API server stores in its own words is Ready, and its Deployment is written once', async () => {
    const pod = {
      resources: {
        requests: { cpu: '0.1', memory: '65536Ki' },
        limits: { cpu: '1000m', memory: '1024Mi' },
      },
      tolerations: [{ key: 'spot', operator: 'Equal', value: '' }, {
        operator: 'Exists',
        tolerationSeconds: 30,
        effect: 'NoExecute',
      }],
      nodeSelector: {},
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] }, nodeAffinity: {} },
      topologySpreadConstraints: [{
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
      }],
      annotations: { empty: '' },
    };
    await apply(worker('own-words', withSpec({ pod })));
    await ready('own-words');
    const [deployment] =
      JSON.parse(await inNamespace('get', 'deploy', '-l', 'redisworker.dev/name=own-words', '-o', 'json')).items;
    expect(deployment.metadata.generation).toBe(1);
  });
});
