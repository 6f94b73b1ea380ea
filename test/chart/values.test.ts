/** Which values are refused, in which words, and what some of them make of the objects. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { describe, expect, test } from 'vitest';
import { crd } from '../../operator/api/crd.ts';
import { readConfig } from '../../operator/config.ts';
import { flagValues } from '../support/chart/combinations.ts';
import { chartFolder, type GivenValues, helm, helms, objectsOf, render, type Rendered } from '../support/chart/helm.ts';
import { podsOf } from '../support/chart/pods.ts';
import { describeWith } from '../support/tools/shared.ts';

const refused: readonly (readonly [what: string, values: GivenValues, message: RegExp])[] = [
  ['a key it does not have', { replicas: 3 }, /additional properties 'replicas' not allowed/],
  ['a key a section does not have', { image: { tags: 'x' } }, /'\/image'.*additional properties 'tags' not allowed/],
  [
    'a key far below it does not have',
    { redis: { trial: { persistence: { enable: true } } } },
    /'\/redis\/trial\/persistence'.*additional properties 'enable' not allowed/,
  ],
  ['a number that is none', { replicaCount: 'two' }, /'\/replicaCount'.*got string, want integer/],
  ['a number beyond its bound', { replicaCount: 10 }, /'\/replicaCount'.*maximum/],
  ['a word that is none of its own', { logLevel: 'trace' }, /'\/logLevel'.*one of 'debug', 'info', 'warn', 'error'/],
  ['a digest that is none', { image: { digest: 'sha256:abc' } }, /'\/image\/digest'.*does not match pattern/],
  ['credentials in the URL', { redis: { url: 'redis://u:p@host:6379' } }, /'\/redis\/url'.*does not match pattern/],
  ['an age without a unit', { redisPasswordMaxAge: '30' }, /'\/redisPasswordMaxAge'.*does not match pattern/],
  ['a pull secret by name alone', { imagePullSecrets: ['x'] }, /'\/imagePullSecrets\/0'.*want object/],
  [
    'two Redis at once',
    { redis: { url: 'redis://host:6379', trial: { enabled: true } } },
    /redis\.url and redis\.trial\.enabled: there is one Redis/,
  ],
  ['a login without a Redis', { redis: { existingSecret: { name: 'x' } } }, /give redis\.url too/],
  [
    "the login of another Redis for the trial's",
    { redis: { trial: { enabled: true }, existingSecret: { name: 'x' } } },
    /give redis\.trial\.existingSecret/,
  ],
  [
    'TLS to a Redis that speaks none',
    { redis: { url: 'redis://host:6379', tls: { caSecret: { name: 'x' } } } },
    /needs a redis\.url that begins with rediss/,
  ],
  [
    'a login of Sentinels without Sentinels',
    { redis: { url: 'redis://host:6379', sentinel: { existingSecret: { name: 'x' } } } },
    /begins with redis\+sentinel/,
  ],
  ['a Redis that is kept and not there', { redis: { trial: { keep: true } } }, /needs redis\.trial\.enabled/],
  [
    'a login of a registry without the registry',
    { code: { registry: { pushSecret: 'x' } } },
    /code\.registry\.pushSecret.*give code\.registry\.repository too/,
  ],
  [
    'a repository with a tag',
    { code: { registry: { repository: 'registry.example/code:v1' } } },
    /'\/code\/registry\/repository'.*does not match pattern/,
  ],
  [
    'a proxy with a login',
    { code: { proxy: { https: 'http://me:secret@proxy:3128' } } },
    /'\/code\/proxy\/https'.*does not match pattern/,
  ],
  [
    'a cluster-wide right where only one namespace is served',
    { watchNamespace: 'team-a', metrics: { authentication: 'TokenReview' } },
    /takes a cluster-wide right, and watchNamespace promises that there is none/,
  ],
  [
    'a page that asks all of the cluster where only one namespace is served',
    { watchNamespace: 'team-a', page: { enabled: true } },
    /page\.enabled: who may see it is asked with a cluster-wide right/,
  ],
];

describeWith('helm3', 'helm4')('the chart', () => {
  describe.each(helms)('with %s', (which) => {
    test.concurrent.each(refused)('refuses %s', async (_, values, message) => {
      await expect(render(values, which)).rejects.toThrow(message);
    });
  });

  test('gives the operator flags that it takes, and that say what the values say', async () => {
    const objects = await render({
      watchNamespace: 'team-a',
      ...flagValues,
      workerImage: { registry: 'registry.example', digest: `sha256:${'a'.repeat(64)}` },
      redis: { url: 'redis://redis.example:6379/2' },
    });
    const { args = [], env = [] } = operator(objects);
    const config = readConfig(args, {
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      ...Object.fromEntries(env.map(({ name, value = '' }) => [name, value])),
    });
    expect(config).toMatchObject({
      namespace: 'team-a',
      redisUrl: 'redis://redis.example:6379/2',
      leaseName: 'rwo-redis-worker-operator',
      httpAddress: '0.0.0.0',
      httpPort: 8080,
      logLevel: 'debug',
      concurrency: 16,
      defaultRedisNamespaces: ['team-a', 'team-b'],
      redisPasswordMaxAgeMs: 30 * 86_400_000,
      workerImage: `registry.example/redisworker/worker@sha256:${'a'.repeat(64)}`,
      secretConsent: { key: 'example.com/workers', value: 'allowed' },
      deniedPodFields: ['image', 'labels'],
      searchDomains: ['eu-west-1.compute.internal'],
      dnsServer: '10.96.0.10:53',
      code: {
        registries: { npm: 'https://npm.example/', jsr: 'https://jsr.example/' },
        jobResources: undefined,
        jobWay: {
          httpProxy: 'http://proxy.example:3128',
          httpsProxy: 'http://proxy.example:3129',
          noProxy: '.house,10.0.0.1',
        },
        registry: { host: 'registry.example:5000', path: 'team/code', isPlain: false },
      },
    });
    expect(config.redisHosts).toHaveLength(2);
    expect(config.clusterBlocks).toHaveLength(2);
    expect(config.canary).toMatchObject({ host: 'rwo-redis-worker-operator-canary.redisworker.svc', port: 8086 });
  });

  test('gives the operator files about code from elsewhere in one volume, where there are some', async () => {
    const registry = { repository: 'registry.example/team/code', pushSecret: 'push' };
    const objects = await render({ code: { caConfigMap: { name: 'house', key: 'root.pem' }, registry } });
    const { args = [], volumeMounts = [] } = operator(objects);
    expect(args).toEqual(expect.arrayContaining([
      '--code-ca-file=/etc/redisworker/code/ca.crt',
      '--code-registry=registry.example/team/code',
      '--code-registry-auth-file=/etc/redisworker/code/config.json',
    ]));
    expect(volumeMounts).toContainEqual({ name: 'code', mountPath: '/etc/redisworker/code', readOnly: true });
    const volumes = podsOf(objects).flatMap(({ spec }) => spec.volumes ?? []).filter(({ name }) => name === 'code');
    expect(volumes).toEqual([{
      name: 'code',
      projected: {
        defaultMode: 0o440,
        sources: [
          { configMap: { name: 'house', items: [{ key: 'root.pem', path: 'ca.crt' }] } },
          { secret: { name: 'push', items: [{ key: '.dockerconfigjson', path: 'config.json' }] } },
        ],
      },
    }]);
    expect(operator(await render({})).volumeMounts?.map(({ name }) => name)).not.toContain('code');
  });

  test('gives metrics with authentication a port of their own, with a certificate when there is one', async () => {
    const args = async (metrics: object) => operator(await render({ metrics })).args ?? [];
    expect(readConfig(await args({ authentication: 'TokenReview' }), {}).metrics).toMatchObject({
      address: '0.0.0.0',
      port: 8443,
      auth: 'TokenReview',
      identity: 'SelfSigned',
    });
    expect(readConfig(await args({}), {}).metrics).toBeUndefined();
    expect(await args({ authentication: 'TokenReview', certSecret: { name: 'cert' } })).toEqual(
      expect.arrayContaining([
        '--metrics-cert-file=/etc/redisworker/metrics/tls.crt',
        '--metrics-key-file=/etc/redisworker/metrics/tls.key',
      ]),
    );
  });

  test('serves no page unless it is told to, then with the certificate of the metrics, and to nobody by a binding', async () => {
    const objects = await render({ page: { enabled: true }, metrics: { certSecret: { name: 'cert' } } });
    const { args = [], ports } = operator(objects);
    expect(args).toEqual(expect.arrayContaining([
      '--page=0.0.0.0:8444',
      '--metrics-cert-file=/etc/redisworker/metrics/tls.crt',
      '--metrics-key-file=/etc/redisworker/metrics/tls.key',
    ]));
    expect(ports).toContainEqual({ name: 'page', containerPort: 8444, protocol: 'TCP' });
    const named = (all: readonly Rendered[], name: RegExp) =>
      all.filter(({ metadata }) => name.test(metadata.name)).map(({ kind }) => kind).sort();
    expect(named(objects, /-page/)).toEqual(['ClusterRole', 'Role', 'Service']);
    expect(named(objects, /-metrics-auth$/)).toEqual(['ClusterRole', 'ClusterRoleBinding']);
    const ingress = (all: readonly Rendered[]) =>
      JSON.stringify(
        all.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'rwo-redis-worker-operator'),
      );
    const peer = { podSelector: { matchLabels: { app: 'proxy' } } };
    expect(ingress(objects)).not.toContain('8444');
    expect(ingress(await render({ page: { enabled: true }, networkPolicy: { pageFrom: [peer] } }))).toContain(
      JSON.stringify({ ports: [{ port: 8444, protocol: 'TCP' }], from: [peer] }),
    );
    const without = await render({});
    expect(named(without, /-page|-metrics-auth$/)).toEqual([]);
    expect(operator(without).args?.some((arg) => arg.startsWith('--page'))).toBe(false);
    expect(readConfig(args.filter((arg) => !arg.includes('-file=')), {}).page).toMatchObject({
      address: '0.0.0.0',
      port: 8444,
      identity: 'SelfSigned',
    });
  });

  test('wires the canary: pods dial what the Service leads to, and the policy lets workers in there', async () => {
    const objects = await render({ watchNamespace: 'team-a' });
    const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name.endsWith('-canary'));
    expect(service?.spec).toMatchObject({ clusterIP: 'None', ports: [{ port: 8086, targetPort: 'canary' }] });
    expect(service?.spec).not.toHaveProperty('publishNotReadyAddresses');
    expect(operator(objects).args).toContain(
      `--canary-address=${service?.metadata.name}.${service?.metadata.namespace}.svc:8086`,
    );
    const policy = objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && !metadata.name.startsWith('test-'));
    const [canary] = policy?.spec?.['ingress'] as { from: object[]; ports: object[] }[];
    expect(canary?.ports).toEqual([{ port: 8086, protocol: 'TCP' }]);
    expect(canary?.from).toContainEqual({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'team-a' } },
      podSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'redisworker' } },
    });
  });

  test('keeps passwords out of arguments and of variables that have a value', async () => {
    const objects = await render({ redis: { trial: { enabled: true } } });
    const password = Buffer.from(
      (objects.find(({ kind }) => kind === 'Secret')?.['data'] as { password: string }).password,
      'base64',
    );
    expect(password).toHaveLength(32);
    expect(JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'))).not.toContain(password.toString());
  });

  test.each(helms)('is taken into a chart of others by %s, with values they share and a condition', async (which) => {
    const folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
    const kinds = async (enabled: boolean) => {
      const values = { global: { team: 'a' }, 'redis-worker-operator': { enabled } };
      const { code, stdout, stderr } = await helm(
        which,
        ['template', 'platform', folder, '--kube-version', '1.36.3'],
        values,
      );
      expect(code, stderr).toBe(0);
      return objectsOf(stdout).map(({ kind }) => kind);
    };
    try {
      const dependency = { name: 'redis-worker-operator', version: '*', condition: 'redis-worker-operator.enabled' };
      const chart = { apiVersion: 'v2', name: 'platform', version: '1.0.0', dependencies: [dependency] };
      await writeFile(join(folder, 'Chart.yaml'), JSON.stringify(chart));
      await cp(chartFolder, join(folder, 'charts/redis-worker-operator'), { recursive: true });
      expect(await kinds(true)).toContain('Deployment');
      expect(await kinds(false)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('brings the CustomResourceDefinition word for word', async () => {
    const rendered = (await render({})).find(({ kind }) => kind === 'CustomResourceDefinition');
    expect(rendered).toMatchObject(crd());
    expect(rendered?.spec).toEqual((crd() as { spec: object }).spec);
  });

  test('leaves user ids to OpenShift, in every pod', async () => {
    const objects = await render({ openshift: { enabled: true }, redis: { trial: { enabled: true } } });
    const contexts = podsOf(objects).flatMap((
      { spec },
    ) => [spec.securityContext, ...spec.containers.map((one) => one.securityContext)]);
    expect(operator(objects).args).toContain('--pod-user=Assigned');
    expect(contexts.length).toBeGreaterThan(5);
    for (const context of contexts) {
      for (const id of ['runAsUser', 'runAsGroup', 'fsGroup']) expect(context).not.toHaveProperty(id);
    }
  });

  test('keeps the CustomResourceDefinition and the trial Redis on request, and nothing else', async () => {
    const kept = async (values: GivenValues): Promise<string[]> =>
      (await render(values)).filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep')
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
    const trial = 'rwo-redis-worker-operator-redis';
    expect(await kept({ crds: { keep: false } })).toEqual([]);
    expect(await kept({ redis: { trial: { enabled: true } } })).toEqual([
      'CustomResourceDefinition redisworkers.redisworker.dev',
    ]);
    expect(await kept({ crds: { install: false }, redis: { trial: { enabled: true, keep: true } } })).toEqual([
      `NetworkPolicy ${trial}`,
      `Secret ${trial}`,
      `Service ${trial}`,
      `StatefulSet ${trial}`,
    ]);
  });
});

/** The container of the operator. */
function operator(objects: readonly Rendered[]): Container {
  const spec = objects.find(({ kind }) => kind === 'Deployment')?.spec as unknown as { template: { spec: PodSpec } };
  const [container] = spec.template.spec.containers;
  if (container === undefined) throw new Error('there is no operator');
  return container;
}
