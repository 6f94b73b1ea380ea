/** Modules on a real API server: built and deployed from files, and behind a Service. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { moduleBundler } from '../../cli/bundle-module.ts';
import { deploy } from '../../cli/deploy.ts';
import { httpPort } from '../../contract/pod.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { worker } from '../support/gen.ts';
import { testIo } from '../support/io.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode, type TestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const bundle = moduleBundler({ environment: process.env, check: false });
const counter = (word: string) => `let calls = 0;\nexport const next = () => '${word} ' + ++calls;\n`;

describeOnCluster('modules on a cluster', () => {
  let namespace: string;
  let redis: TestRedis;
  let operator: OperatorProcess;
  let node: TestNode;
  let folder: string;

  const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
  const list = async (kind: string, name: string) => {
    const found = await inNamespace('get', kind, '-l', `redisworker.dev/name=${name}`, '-o', 'json');
    return (JSON.parse(found) as { items: KubeObject[] }).items;
  };
  const modular = (name: string, fields: object) => {
    const { metadata, ...given } = worker(name);
    return { ...given, metadata: { ...metadata, namespace }, spec: { runtime: 'Modules', ...fields } };
  };
  const file = (name: string) => join(folder, name);
  const podsOf = async (name: string) => (await list('pods', name)).map(({ metadata: { uid = '' } }) => uid);

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('modules', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
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
    await rm(folder, { recursive: true });
  });

  async function deployed(): Promise<{ readonly code: unknown; readonly err: string }> {
    const io = testIo();
    const options = { settings: {}, kubeconfig: inject('kubeconfig'), timeoutSeconds: 120, force: false };
    const code = await deploy({ ...options, files: [file('m.json')], namespace }, bundle, io);
    return { code, err: io.failures.join('\n') };
  }

  const call = async (module: string) =>
    (await ask(redis.client, 'filed', [], 60, { module, function: 'next' })).data as string;

  test('those in files are deployed, and one that has changed is loaded anew alone, in the same pod', async () => {
    const modules = ['one', 'two'].map((name) => ({ name, source: { file: `${name}.ts` } }));
    await writeFile(file('m.json'), JSON.stringify(modular('filed', { modules })));
    for (const { name } of modules) await writeFile(file(`${name}.ts`), counter(name));
    expect(await deployed()).toEqual({ code: 0, err: '' });
    expect([await call('one'), await call('two')]).toEqual(['one 1', 'two 1']);
    const pods = await podsOf('filed');
    await writeFile(file('lib.ts'), "export const word = 'other';\n");
    await writeFile(file('two.ts'), `import { word } from './lib.ts';\n${counter("' + word + '")}`);
    expect(await deployed()).toEqual({ code: 0, err: '' });
    await eventually('the changed one answers', async () => (await call('two')).startsWith('other'), 60_000);
    expect(await call('one')).toBe('one 2');
    expect(await podsOf('filed')).toEqual(pods);
    await applyObjects(modular('undeployed', { modules }));
    const stalled = () =>
      inNamespace('get', 'rw', 'undeployed', '-o', 'jsonpath={.status.conditions[?(@.type=="Stalled")]}');
    await eventually('a file of nobody is told', async () => (await stalled()).includes('"SourceIsLocal"'), 60_000);
    expect(await stalled()).toContain('spec.modules.one.source.file names one.ts on the disk of whoever wrote');
  });

  test('those with spec.http are behind a Service, by the one port the policy lets in, once the pod is ready', async () => {
    const modules = [{ name: 'hello', source: { inline: 'export const world = ({ name }) => `Hello ${name}`;' } }];
    const http = { port: 8000, from: [{ podSelector: { matchLabels: { app: 'friend' } } }] };
    await applyObjects(modular('answering', { http, modules }));
    await inNamespace('wait', '--for=condition=Ready', 'rw/answering', '--timeout=60s');
    const selector = { 'app.kubernetes.io/managed-by': 'redisworker', 'redisworker.dev/name': 'answering' };
    const [service] = await list('services', 'answering');
    expect(service?.spec).toMatchObject({ selector, ports: [{ name: 'http', port: 8000, targetPort: 'http' }] });
    const [policy] = await list('networkpolicies', 'answering');
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    expect((policy?.spec as { ingress: unknown }).ingress).toEqual([
      {
        ports: [{ protocol: 'TCP', port: httpPort }],
        from: [{ podSelector: { matchLabels: { app: 'friend' } }, namespaceSelector }],
      },
    ]);
    const [{ metadata, spec, status }] = await list('pods', 'answering') as [KubeObject];
    expect(metadata.labels).toMatchObject(selector);
    expect((spec as { containers: unknown }).containers).toMatchObject([{
      ports: expect.arrayContaining([{ name: 'http', containerPort: httpPort, protocol: 'TCP' }]) as unknown,
      readinessProbe: { httpGet: { path: '/readyz' } },
    }]);
    expect((status as { conditions: unknown }).conditions).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]),
    );
    const answer = await fetch(`http://127.0.0.1:${node.portOf(metadata.uid ?? '', httpPort)}/hello/world?name=Ada`);
    expect([answer.status, await answer.json()]).toEqual([200, 'Hello Ada']);
    const told = await inNamespace('get', 'rw', 'answering', '-o', 'jsonpath={.status.http.url}');
    expect(told).toBe(`http://answering.${namespace}.svc:8000`);
  });
});
