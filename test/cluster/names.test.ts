/** Names and Services of a scope on a real API server: what they come to in the policy, and how often it changes. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { RedisWorkerStatus } from '../../operator/api/redisworker.ts';
import { type Followed, type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { connectKubernetes, type KubernetesCluster } from '../../operator/cluster/kubernetes/index.ts';
import { servedRules } from '../../operator/cluster/kubernetes/rights.ts';
import { dnsLookUp } from '../../operator/dns/lookup.ts';
import { createLog } from '../../operator/observability/log.ts';
import { createMetrics } from '../../operator/observability/metrics.ts';
import { type Operator, startOperator } from '../../operator/operator.ts';
import { annotations } from '../../operator/redisworker/model/names.ts';
import { decodePublished } from '../../operator/redisworker/network/outside-names/published.ts';
import { createAccount, without } from '../support/control-plane/service-account.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
  sharedCluster,
} from '../support/control-plane/shared.ts';
import { startDnsServer, type TestDnsServer } from '../support/dns-server.ts';
import { withSpec, worker } from '../support/gen.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import { eventually } from '../support/wait.ts';

/** No Redis is needed: the policy is written before any pod, whether Redis answers or not. */
const redisUrl = 'redis://127.0.0.1:1';
const second = 1000;

describeOnCluster('names and Services of a scope', () => {
  const clock = new ManualClock(Date.now());
  let namespace: string;
  let dns: TestDnsServer;
  let cluster: KubernetesCluster;
  let policies: Followed;
  let operator: Operator;

  const start = (on: KubernetesCluster, where = namespace) =>
    startOperator({
      cluster: on,
      clock,
      namespace: where,
      log: createLog({ level: 'error' }),
      metrics: createMetrics(),
      redisUrl,
      redisLogin: {},
      workerImage: 'none',
      policyEnforcement: 'Unverified',
      lookUp: dnsLookUp(dns.address),
    });
  const connect = (kubeconfig = inject('kubeconfig')) => connectKubernetes({ kubeconfig, log: quietLog() });
  /** Waits while the operator's time goes on by `stepMs` at each look. */
  const meanwhile = <T>(
    stepMs: number,
    what: string,
    probe: () => T | undefined | false | Promise<T | undefined | false>,
  ) =>
    eventually(what, async () => {
      await clock.advance(stepMs);
      return probe();
    }, 60_000);
  const apply = (name: string, permissions: object, where = namespace) => {
    const object = worker(name, withSpec({ permissions, consumers: { count: 0 } }));
    return applyObjects({ ...object, metadata: { ...object.metadata, namespace: where } });
  };
  const policyOf = (name: string) =>
    policies.list().find(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name);
  const openedBy = (policy: KubeObject | undefined) =>
    [...JSON.stringify(policy?.spec ?? {}).matchAll(/"cidr":"([^"]+)"/g)].map(([, cidr]) => cidr!).sort();
  const opened = (name: string) => openedBy(policyOf(name));
  const opens = (name: string, ...cidrs: string[]) => () =>
    JSON.stringify(opened(name)) === JSON.stringify(cidrs.sort());
  const status = async (name: string, where = namespace) =>
    (JSON.parse(await kubectlOk(['-n', where, 'get', 'rw', name, '-o', 'json'])) as { status?: RedisWorkerStatus })
      .status ?? {};
  const condition = async (name: string, type: string, where = namespace) =>
    (await status(name, where)).conditions?.find((one) => one.type === type);

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('names');
    dns = await startDnsServer();
    cluster = await connect();
    policies = cluster.follow(resources.networkPolicies, { namespace });
    operator = start(cluster);
    await Promise.all([operator.started, policies.synced]);
  });
  afterAll(async () => {
    await operator.stop();
    policies.stop();
    await cluster.close();
    await dns.stop();
  });

  test('a name whose addresses rotate changes the policy at most once in 30 seconds, and no address is lost on the way', async () => {
    const versions: KubeObject[] = [];
    const stop = policies.onChange((_, policy) => {
      // The same policy may be written again before the copy has it: what is stamped alike says the same.
      const stamp = policy.metadata.annotations?.[annotations.applied];
      const again = versions.at(-1)?.metadata.annotations?.[annotations.applied] === stamp;
      if (policy.metadata.labels?.['redisworker.dev/name'] === 'rotating' && !again) versions.push(policy);
    });
    let turn = 0;
    const rotate = () => dns.records.set('rotating.example', { addresses: [`192.0.2.${(turn += 1)}`], ttlSeconds: 0 });
    rotate();
    await apply('rotating', { net: ['rotating.example:443'] });
    await meanwhile(second, 'five changes', () => (rotate(), versions.length >= 6));
    stop();
    const moves = versions.map(({ metadata }) =>
      decodePublished(metadata.annotations?.[annotations.resolved], clock.now()).movedAt
    );
    expect(moves.slice(1).every((at, index) => at - moves[index]! >= 30 * second)).toBe(true);
    const sizes = versions.map((policy) => openedBy(policy).length);
    expect(
      sizes.slice(1).every((size, index) => size > sizes[index]!),
      `each version keeps what the one before had: ${sizes.join()}`,
    ).toBe(true);
    expect(await condition('rotating', 'NetworkPolicyExact')).toMatchObject({
      status: 'False',
      reason: 'NameResolved',
    });
  });

  test('what DNS says of a name that fails, goes, or leads to private addresses is told, and nothing else is opened', async () => {
    dns.records.set('a.example', { addresses: ['192.0.2.1', '10.0.0.1', '2001:db8::1'], ttlSeconds: 5 });
    await apply('told', { net: ['a.example:443'] });
    await meanwhile(10, 'it is opened', opens('told', '192.0.2.1/32', '2001:db8::1/128'));
    dns.records.set('a.example', { fault: 'SERVFAIL' });
    await meanwhile(
      second,
      'the failure is told',
      async () => (await status('told')).network?.approximations?.[0]?.includes('SERVFAIL'),
    );
    await clock.advance(660 * second);
    expect(opened('told')).toEqual(['192.0.2.1/32', '2001:db8::1/128']);
    dns.records.set('a.example', { fault: 'NXDOMAIN' });
    await meanwhile(second, 'it is closed', opens('told'));
    expect((await status('told')).network?.approximations?.[0]).toContain('does not exist');
  });

  test('a policy tampered with is put right without asking DNS again', async () => {
    dns.records.set('b.example', { addresses: ['192.0.2.2'], ttlSeconds: 300 });
    await apply('guarded', { net: ['b.example:443'] });
    await meanwhile(10, 'it is opened', opens('guarded', '192.0.2.2/32'));
    const before = policyOf('guarded')!;
    const patch = {
      metadata: {
        annotations: {
          [annotations.resolved]: '{"movedAt":"2000-01-01T00:00:00Z","names":{"b.example":["198.51.100.1"]}}',
        },
      },
      spec: { egress: [{}] },
    };
    const patched = JSON.parse(
      await kubectlOk([
        '-n',
        namespace,
        'patch',
        'networkpolicy',
        before.metadata.name,
        '--type=merge',
        '-o',
        'json',
        '-p',
        JSON.stringify(patch),
      ]),
    ) as KubeObject;
    await meanwhile(0, 'it is as it was', () => {
      const { metadata, spec } = policyOf('guarded')!;
      return metadata.resourceVersion !== patched.metadata.resourceVersion &&
        JSON.stringify([spec, metadata.annotations]) === JSON.stringify([before.spec, before.metadata.annotations]);
    });
  });

  test('another operator goes on from what the policy remembers, and its grace ends', async () => {
    dns.records.set('c.example', { addresses: ['192.0.2.3'], ttlSeconds: 60 });
    await apply('handed', { net: ['c.example:443'] });
    await meanwhile(10, 'it is opened', opens('handed', '192.0.2.3/32'));
    await operator.stop();
    dns.records.set('c.example', { addresses: ['192.0.2.33'], ttlSeconds: 60 });
    operator = start(cluster);
    await operator.started;
    await meanwhile(
      second,
      'the new address is opened beside the old one',
      opens('handed', '192.0.2.3/32', '192.0.2.33/32'),
    );
    await meanwhile(20 * second, 'the old one is closed', opens('handed', '192.0.2.33/32'));
  });

  test('OpenPort opens a wildcard by its port, and Refuse stops a worker with a name outside and leaves its policy alone', async () => {
    await apply('modes', { net: ['*.example.com:8443'], outsideNames: 'OpenPort' });
    await meanwhile(10, 'it is opened', () => opened('modes').includes('0.0.0.0/0'));
    expect(await condition('modes', 'NetworkPolicyExact')).toMatchObject({ status: 'False', reason: 'WildcardOpened' });
    const before = policyOf('modes');
    await apply('modes', { net: ['api.example.com:8443'], outsideNames: 'Refuse' });
    const stalled = await meanwhile(10, 'it is refused', async () => {
      const found = await condition('modes', 'Stalled');
      return found?.status === 'True' && found;
    });
    expect(stalled).toMatchObject({
      reason: 'NameRefused',
      message: expect.stringContaining('"api.example.com:8443": api.example.com is a name outside the cluster'),
    });
    expect(policyOf('modes')).toEqual(before);
  });

  const service = (name: string, spec: object, where = namespace) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: where },
    spec,
  });
  const slice = (name: string, address: string, where = namespace) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: where, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 5432, protocol: 'TCP' }],
    endpoints: [{ addresses: [address] }],
  });

  test('the EndpointSlices of a Service without selector are followed, also from its address and an ExternalName', async () => {
    await applyObjects(
      service('legacy', { ports: [{ port: 5432 }] }),
      slice('legacy', '198.51.100.1'),
      service('alias', { type: 'ExternalName', externalName: `legacy.${namespace}.svc.cluster.local` }),
    );
    const { spec } = JSON.parse(await kubectlOk(['-n', namespace, 'get', 'service', 'legacy', '-o', 'json'])) as {
      spec: { clusterIP: string };
    };
    const names = ['legacy', 'alias', spec.clusterIP];
    await Promise.all(names.map((host, at) => apply(`slices-${at}`, { net: [`${host}:5432`] })));
    for (const at of [0, 1, 2]) await meanwhile(1, `slices-${at} is opened`, opens(`slices-${at}`, '198.51.100.1/32'));
    await applyObjects(slice('legacy', '198.51.100.2'));
    for (const at of [0, 1, 2]) {
      await meanwhile(0, `slices-${at} follows with no time gone`, opens(`slices-${at}`, '198.51.100.2/32'));
    }
    expect(await condition('slices-0', 'NetworkPolicyExact')).toMatchObject({ status: 'True' });
  });

  test('a changed selector and targetPort reach the policy at once, also through an ExternalName', async () => {
    const backend = (app: string, targetPort: number) =>
      service('backend', { selector: { app }, ports: [{ port: 80, targetPort }] });
    await applyObjects(
      backend('one', 8080),
      service('front', { type: 'ExternalName', externalName: `backend.${namespace}.svc.cluster.local` }),
    );
    await Promise.all(['backend', 'front'].map((host) => apply(`by-${host}`, { net: [`${host}:80`] })));
    const says = (name: string, app: string, port: number) => () => {
      const text = JSON.stringify(policyOf(name)?.spec ?? {});
      return text.includes(`"app":"${app}"`) && text.includes(`"port":${port}`);
    };
    for (const name of ['by-backend', 'by-front']) await meanwhile(1, `${name} is opened`, says(name, 'one', 8080));
    await applyObjects(backend('two', 9090));
    for (const name of ['by-backend', 'by-front']) {
      await meanwhile(0, `${name} follows with no time gone`, says(name, 'two', 9090));
    }
  });

  test('EndpointSlices that may not be listed are told in the words of the server, and the Service stays closed', async () => {
    const where = await createNamespace('rights');
    const account = await createAccount(sharedCluster(), { namespace: where });
    await account.allow(without('list', 'endpointslices'));
    const limited = await connect(account.kubeconfig);
    const second = start(limited, where);
    await applyObjects(service('legacy', { ports: [{ port: 5432 }] }, where), slice('legacy', '198.51.100.1', where));
    await apply('closed', { net: ['legacy:5432'] }, where);
    const [told] = await meanwhile(
      10,
      'it is told',
      async () => (await status('closed', where)).network?.approximations,
    );
    expect(told).toMatch(
      /^legacy:5432: Service .*legacy has no selector, and its EndpointSlices cannot be read: not opened \(.*cannot list resource "endpointslices"/,
    );
    await account.allow(servedRules);
    await meanwhile(
      1000,
      'the right is enough',
      async () => (await condition('closed', 'NetworkPolicyExact', where))?.status === 'True',
    );
    await second.stop();
    await limited.close();
  });
});
