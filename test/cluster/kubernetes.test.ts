import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  ClusterError,
  type KubeObject,
  type ObjectRef,
  type Resource,
  resources,
} from '../../operator/cluster/cluster.ts';
import {
  connectKubernetes,
  type KubernetesCluster,
  type KubernetesOptions,
} from '../../operator/cluster/kubernetes/index.ts';
import { createAccount } from '../support/control-plane/service-account.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  kubectlOk,
  sharedCluster,
} from '../support/control-plane/shared.ts';
import { quietLog } from '../support/quiet-log.ts';
import { eventually } from '../support/wait.ts';

const log = quietLog();
const open: KubernetesCluster[] = [];

async function connect(options: Partial<KubernetesOptions> = {}): Promise<KubernetesCluster> {
  const cluster = await connectKubernetes({ kubeconfig: inject('kubeconfig'), log, ...options });
  open.push(cluster);
  return cluster;
}

function fault(promise: Promise<unknown>): Promise<ClusterError> {
  return promise.then(() => {
    throw new Error('it should have failed');
  }, (error: unknown) => {
    expect(error).toBeInstanceOf(ClusterError);
    return error as ClusterError;
  });
}

function configMap(
  namespace: string,
  name: string,
  data: Record<string, string>,
  labels: Record<string, string> = {},
): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data };
}

describeOnCluster('the cluster port on a real API server', () => {
  let cluster: KubernetesCluster;
  let namespace: string;
  const at = (name: string): Required<ObjectRef> => ({ namespace, name });

  beforeAll(async () => {
    cluster = await connect();
    namespace = await createNamespace('port');
  });
  afterAll(async () => {
    await Promise.all(open.map((each) => each.close()));
  });

  it('creates by apply, takes over only the fields it names, and writes nothing when nothing changed', async () => {
    const first = await cluster.apply(configMap(namespace, 'apply', { ours: '1' }), 'redisworker');
    await kubectlOk([
      '-n',
      namespace,
      'patch',
      'configmap',
      'apply',
      '--type=merge',
      '-p',
      '{"data":{"theirs":"2","ours":"9"}}',
    ]);
    const second = await cluster.apply(configMap(namespace, 'apply', { ours: '1' }), 'redisworker');
    expect(second.data).toEqual({ ours: '1', theirs: '2' });
    expect(second.metadata.uid).toBe(first.metadata.uid);
    const third = await cluster.apply(configMap(namespace, 'apply', { ours: '1' }), 'redisworker');
    expect(third.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
  });

  it('creates only what is not there, and takes over its fields as an apply does', async () => {
    const made = await cluster.create(configMap(namespace, 'create', { a: '1', b: '2' }), 'redisworker');
    const again = await fault(cluster.create(configMap(namespace, 'create', { a: '9' }), 'redisworker'));
    expect([again.status, again.reason]).toEqual([409, 'Conflict']);
    expect(await cluster.get(resources.configMaps, at('create'))).toEqual(made);
    expect((await cluster.apply(configMap(namespace, 'create', { a: '1' }), 'redisworker')).data).toEqual({ a: '1' });
  });

  it('removes a field that is no longer applied', async () => {
    await cluster.apply(configMap(namespace, 'fields', { a: '1', b: '2' }), 'redisworker');
    expect((await cluster.apply(configMap(namespace, 'fields', { a: '1' }), 'redisworker')).data).toEqual({ a: '1' });
  });

  it('keeps "from" of a network policy', async () => {
    const spec = {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { a: 'b' } } }] }],
    };
    await cluster.apply(
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: at('from'), spec },
      'redisworker',
    );
    expect((await cluster.get(resources.networkPolicies, at('from')))?.spec).toEqual(spec);
  });

  it('refuses a misspelt field instead of dropping it', async () => {
    const error = await fault(cluster.apply({ ...configMap(namespace, 'typo', {}), dat: {} }, 'redisworker'));
    expect(error.message).toContain('.dat: field not declared in schema');
  });

  it('writes the status apart from the rest, and only of an object that exists', async () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: at('d'),
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    };
    const conditions = [{ type: 'Available', status: 'False', reason: 'Tested', message: 'by a test' }];
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: at('d'), status: { conditions } };
    expect(await fault(cluster.applyStatus(status, 'redisworker-status'))).toMatchObject({
      status: 404,
      reason: 'NotFound',
    });
    const created = await cluster.apply(deployment, 'redisworker');
    const written = await cluster.applyStatus(status, 'redisworker-status');
    expect(written.metadata.generation).toBe(created.metadata.generation);
    expect(JSON.stringify(written.status)).toContain('by a test');
  });

  it('patches under preconditions, and calls a difference a conflict', async () => {
    const { metadata } = await cluster.apply(configMap(namespace, 'patch', { a: '1' }), 'redisworker');
    const patched = await cluster.patch(resources.configMaps, at('patch'), { data: { a: null, b: '2' } }, {
      uid: metadata.uid!,
      resourceVersion: metadata.resourceVersion!,
    });
    expect(patched.data).toEqual({ b: '2' });
    const stale = cluster.patch(resources.configMaps, at('patch'), { data: { c: '3' } }, {
      resourceVersion: metadata.resourceVersion!,
    });
    expect(await fault(stale)).toMatchObject({ status: 409, reason: 'Conflict' });
    const other = cluster.patch(resources.configMaps, at('patch'), { data: { c: '3' } }, { uid: 'of-another' });
    expect(await fault(other)).toMatchObject({ status: 409, reason: 'Conflict' });
    expect(await fault(cluster.patch(resources.configMaps, at('absent'), {}))).toMatchObject({ status: 404 });
    const takeover = cluster.apply({
      ...configMap(namespace, 'patch', {}),
      metadata: { ...at('patch'), uid: 'of-another' },
    }, 'redisworker');
    expect(await fault(takeover)).toMatchObject({ status: 409, reason: 'Conflict' });
  });

  it('deletes what it means and is content when it is gone', async () => {
    const { metadata } = await cluster.apply(configMap(namespace, 'delete', {}), 'redisworker');
    expect(await fault(cluster.delete(resources.configMaps, at('delete'), { uid: 'of-another' }))).toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    await cluster.delete(resources.configMaps, at('delete'), { uid: metadata.uid! });
    await cluster.delete(resources.configMaps, at('delete'));
    expect(await cluster.get(resources.configMaps, at('delete'))).toBeUndefined();
  });

  it('collects what a deleted object owned', async () => {
    const { metadata } = await cluster.apply(configMap(namespace, 'owner', {}), 'redisworker');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid! };
    await cluster.apply({
      ...configMap(namespace, 'child', {}),
      metadata: { ...at('child'), ownerReferences: [owner] },
    }, 'redisworker');
    await cluster.delete(resources.configMaps, at('owner'));
    await eventually(
      'the child is gone',
      async () => await cluster.get(resources.configMaps, at('child')) === undefined,
      60_000,
    );
  });

  it('follows exactly the objects asked for', async () => {
    const copy = cluster.follow(resources.configMaps, { namespace, labels: { followed: null, tier: 'a' } });
    const seen: string[] = [];
    copy.onChange((type, { metadata }) => seen.push(`${type} ${metadata.name}`));
    await copy.synced;
    await cluster.apply(configMap(namespace, 'not-followed', {}, { tier: 'a' }), 'redisworker');
    const first = await cluster.apply(
      configMap(namespace, 'followed', {}, { tier: 'a', followed: 'yes' }),
      'redisworker',
    );
    await eventually('it is in', () => copy.get(at('followed')));
    await cluster.delete(resources.configMaps, at('followed'));
    await eventually('it is out', () => copy.get(at('followed')) === undefined);
    await cluster.apply(configMap(namespace, 'followed', {}, { tier: 'a', followed: 'yes' }), 'redisworker');
    const again = await eventually('it is in again', () => copy.get(at('followed')));
    expect(again.metadata.uid).not.toBe(first.metadata.uid);
    expect(again.metadata).not.toHaveProperty('managedFields');
    expect(seen).toEqual(['added followed', 'deleted followed', 'added followed']);
    expect(await cluster.list(resources.configMaps, { namespace, labels: { followed: null } })).toEqual(copy.list());
  });

  it('reads a list that has more than one page', async () => {
    const many = await createNamespace('pages');
    await applyObjects(
      ...Array.from({ length: 520 }, (_, index) => configMap(many, `m-${index}`, {}, { page: 'yes' })),
    );
    const listed = await cluster.list(resources.configMaps, { namespace: many, labels: { page: 'yes' } });
    expect(new Set(listed.map(({ metadata }) => metadata.name)).size).toBe(520);
  });

  it('looks only into its namespace when it has only one', async () => {
    const confined = await connect({ namespace });
    await cluster.apply(configMap(namespace, 'mine', {}), 'redisworker');
    const copy = confined.follow(resources.configMaps);
    await copy.synced;
    expect(new Set(copy.list().map(({ metadata }) => metadata.namespace))).toEqual(new Set([namespace]));
  });

  it('says that a kind is not installed, and follows it as soon as it is', async () => {
    const widgets: Resource = {
      apiVersion: 'test.redisworker.dev/v1',
      kind: 'Widget',
      plural: 'widgets',
      namespaced: true,
    };
    expect(await fault(cluster.list(widgets))).toMatchObject({ status: 404, reason: 'NotServed' });
    expect(await fault(cluster.get(widgets, at('w')))).toMatchObject({ reason: 'NotServed' });
    const copy = (await connect({ watchTiming: { backOff: { initialMs: 50, maxMs: 200 } } })).follow(widgets);
    await applyObjects(widgetDefinition);
    await copy.synced;
    expect(copy.list()).toEqual([]);
  });

  it('records an event once and counts its repetitions, over restarts of the process too', async () => {
    const regarding = await cluster.apply(configMap(namespace, 'regarded', {}), 'redisworker');
    const event = {
      regarding,
      type: 'Warning',
      reason: 'Tested',
      message: `It happened again. ${'é'.repeat(600)}`,
    } as const;
    const read = async (): Promise<KubeObject[]> =>
      (await cluster.list(resources.events, { namespace })).filter(({ regarding: of }) =>
        (of as ObjectRef).name === 'regarded'
      );
    const { kubeconfig } = await createAccount(sharedCluster(), { namespace });
    const first = await connect({ kubeconfig });
    first.record(event);
    await eventually('it is written', async () => (await read()).length === 1);
    await first.close();
    const second = await connect({ kubeconfig });
    second.record(event);
    await eventually('it is counted', async () => (await read())[0]?.['series']);
    expect(await read()).toMatchObject([{
      type: 'Warning',
      reason: 'Tested',
      series: { count: 2 },
      reportingController: 'redisworker.dev/operator',
    }]);
    expect(await kubectlOk(['-n', namespace, 'describe', 'configmap', 'regarded'])).toMatch(
      /Warning\s+Tested\s+\S+ \(x2 over .*redisworker\.dev\/operator\s+It happened again/,
    );
  });

  it('names the verb and the user when it may not do something, and never throws for an event', async () => {
    const limited = await connect({ kubeconfig: await kubeconfigOfReader(namespace) });
    expect(await limited.list(resources.configMaps, { namespace })).not.toEqual([]);
    const error = await fault(limited.apply(configMap(namespace, 'forbidden', {}), 'redisworker'));
    expect(error).toMatchObject({ status: 403, reason: 'Forbidden' });
    expect(error.message).toContain(`"system:serviceaccount:${namespace}:reader" cannot patch resource "configmaps"`);
    limited.record({
      regarding: configMap(namespace, 'forbidden', {}),
      type: 'Normal',
      reason: 'Tested',
      message: 'not allowed',
    });
    await eventually(
      'the failure is logged',
      () => log.lines.some(({ message }) => message === 'an event could not be written'),
    );
  });
});

const widgetDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.redisworker.dev' },
  spec: {
    group: 'test.redisworker.dev',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

/** A kubeconfig with the token of a ServiceAccount that may read ConfigMaps of one namespace and nothing else. */
async function kubeconfigOfReader(namespace: string): Promise<string> {
  const metadata = { name: 'reader', namespace };
  await applyObjects(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  );
  const token = (await kubectlOk(['-n', namespace, 'create', 'token', 'reader'])).trim();
  const config = JSON.parse(await kubectlOk(['config', 'view', '--raw', '-o', 'json'])) as object;
  const file = join(dirname(inject('kubeconfig')), `${namespace}-reader.conf`);
  await writeFile(
    file,
    JSON.stringify({
      ...config,
      users: [{ name: 'reader', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'reader' } }],
    }),
  );
  return file;
}
