/** Workers of flavor Cilium before the CustomResourceDefinition Cilium ships, on a real API server. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { servedRules } from '../../operator/cluster/kubernetes/rights.ts';
import { policyHasDrifted } from '../../operator/redisworker/desired/drift.ts';
import { ciliumCrd } from '../support/cilium-check/build.ts';
import { ciliumRows } from '../support/cilium-rows.ts';
import { createAccount, type TestAccount } from '../support/control-plane/service-account.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectl,
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

const kind = 'ciliumnetworkpolicies.cilium.io';
const rulesWithoutCilium = servedRules.filter(({ apiGroups }) => !apiGroups.includes('cilium.io'));
const cilium = (fields: Record<string, unknown> = {}) => withSpec({ networkPolicy: { flavor: 'Cilium' }, ...fields });

describeOnCluster('workers of flavor Cilium', () => {
  let namespace: string;
  let redis: TestRedis;
  let account: TestAccount;
  let operator: OperatorProcess;
  let node: { stop(): Promise<void> };

  const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
  const apply = (object: { metadata: object }) =>
    applyObjects({ ...object, metadata: { ...object.metadata, namespace } });
  const ready = (name: string) => inNamespace('wait', '--for=condition=Ready', `rw/${name}`, '--timeout=90s');
  const list = async (resource: string, name: string) =>
    (JSON.parse(await inNamespace('get', resource, '-l', `redisworker.dev/name=${name}`, '-o', 'json')) as {
      items: KubeObject[];
    }).items;
  const because = (name: string, reason: string) =>
    eventually(`${name} is not ready because of ${reason}`, async () => {
      const { status } = JSON.parse(await inNamespace('get', 'rw', name, '-o', 'json')) as Conditioned;
      const found = status?.conditions?.find(({ type }) => type === 'Ready');
      return found?.reason === reason && found.message;
    }, 60_000);
  const onlyPolicy = async (name: string) => {
    const [policy, ...others] = await list(kind, name);
    expect(others).toEqual([]);
    return policy!;
  };

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('cilium');
    redis = await startGuardedRedis();
    account = await createAccount(sharedCluster(), { namespace });
    await account.allow(rulesWithoutCilium);
    const start = startOperatorProcess({
      redisUrl: redis.url,
      redisPassword,
      namespace,
      kubeconfig: account.kubeconfig,
      args: ['--no-leader-elect'],
    });
    [operator, node] = await Promise.all([start, startTestNode(namespace)]);
  });
  afterAll(async () => {
    await operator.stop();
    await node.stop();
    await redis.stop();
    await kubectl(['delete', 'crd', kind, '--wait=false']);
  });

  test(
    'say what is missing until the operator may see such policies and the cluster has them, while others run',
    async () => {
      await apply(worker('plain'));
      await apply(worker('first', cilium()));
      expect(await because('first', 'Forbidden')).toMatch(
        /ciliumnetworkpolicies.*grant the operator's service account this verb/,
      );
      await account.allow(servedRules);
      expect(await because('first', 'CiliumNotInstalled')).toMatch(/install Cilium, or use flavor Kubernetes/);
      await ready('plain');
      expect(await ask(redis.client, 'plain', 1)).toMatchObject({ code: 200 });
      expect(await inNamespace('get', 'deployments', '-o', 'name')).not.toContain('first');
      await kubectlOk(['apply', '--server-side', '-f', '-'], await ciliumCrd());
      await ready('first');
      expect(await ask(redis.client, 'first', 1)).toMatchObject({ code: 200 });
    },
    240_000,
  );

  test('have one Cilium policy each, which selects their pods, and no other', async () => {
    const policy = await onlyPolicy('first');
    const { endpointSelector } = policy.spec as { endpointSelector: { matchLabels: Record<string, string> } };
    const [pod] = await list('pods', 'first');
    expect(pod?.metadata.labels).toMatchObject(endpointSelector.matchLabels);
    expect(policy.metadata.ownerReferences).toMatchObject([{ kind: 'RedisWorker', name: 'first', controller: true }]);
    expect(await list('networkpolicies', 'first')).toEqual([]);
  });

  test.each(Object.keys(ciliumRows))('have policies the API server takes as they are: %s', async (name) => {
    const { metadata, ...golden } = parse(readFileSync(`test/golden/cilium/${name}.yaml`, 'utf8')) as KubeObject;
    const policy = { ...golden, metadata: { name: `golden-${name}`, namespace } } as KubeObject;
    expect(metadata.namespace).toBe('app');
    const stored = JSON.parse(
      await kubectlOk(['apply', '--server-side', '--validate=strict', '-o', 'json', '-f', '-'], JSON.stringify(policy)),
    ) as KubeObject;
    expect(policyHasDrifted(policy, stored)).toBe(false);
    expect(stored.spec).toEqual(policy.spec);
  });

  test('get a policy for every form of entry, through the operator', async () => {
    const rows = Object.entries(ciliumRows).map(([name, { net = [], deny = [], allowAll }]) => ({
      name: `row-${name}`,
      net,
      deny,
      allowAll,
    }));
    await applyObjects(...rows.map(({ name, net, deny, allowAll }) => {
      const object = worker(
        name,
        cilium({ suspend: true, permissions: { net, denyNet: deny, ...(allowAll ? { allowAllNet: 'Granted' } : {}) } }),
      );
      return { ...object, metadata: { ...object.metadata, namespace } };
    }));
    await inNamespace('wait', '--for=condition=Ready', ...rows.map(({ name }) => `rw/${name}`), '--timeout=120s');
    const { items } = JSON.parse(await inNamespace('get', kind, '-o', 'json')) as { items: KubeObject[] };
    const counts = rows.map(({ name }) =>
      items.filter(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name).length
    );
    expect(counts).toEqual(rows.map(() => 1));
  });

  test.each<[string, object]>([
    ['one more rule', { spec: { egress: [{ toEntities: ['all'] }] } }],
    ['one more label in the selector', { spec: { endpointSelector: { matchLabels: { nobody: 'here' } } } }],
    ['an expression in the selector', {
      spec: { endpointSelector: { matchExpressions: [{ key: 'nobody', operator: 'Exists' }] } },
    }],
    ['no default', { spec: { enableDefaultDeny: { egress: false } } }],
    ['a second list of rules', { specs: [{ endpointSelector: {}, egress: [{ toEntities: ['all'] }] }] }],
  ])('get their policy back when somebody changed it by hand: %s', async (_, change) => {
    const before = await onlyPolicy('first');
    await inNamespace('patch', kind, before.metadata.name, '--type=merge', '-p', JSON.stringify(change));
    const said = ({ spec, specs }: KubeObject) => JSON.stringify([spec, specs]);
    await eventually(
      'the policy says what it said',
      async () => said(await onlyPolicy('first')) === said(before),
      30_000,
    );
  });

  test('get their policy back when somebody deleted it', async () => {
    const before = await onlyPolicy('first');
    await inNamespace('delete', kind, before.metadata.name);
    await eventually('there is one again', async () => (await list(kind, 'first')).length === 1, 30_000);
    expect((await onlyPolicy('first')).spec).toEqual(before.spec);
  });

  test('never take over an object of the same name that somebody else made', async () => {
    await apply(worker('taken', cilium({ suspend: true })));
    await ready('taken');
    const { metadata: { name }, spec } = await onlyPolicy('taken');
    await inNamespace('delete', 'rw', 'taken');
    await eventually('its policy is collected', async () => (await list(kind, 'taken')).length === 0, 90_000);
    await applyObjects({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name, namespace },
      spec,
    });
    await apply(worker('taken', cilium({ suspend: true })));
    expect(await because('taken', 'NameConflict')).toContain(
      `CiliumNetworkPolicy "${namespace}/${name}" exists and does not belong to this worker`,
    );
  });

  test('roll from a NetworkPolicy to a Cilium policy and back, each collected after its last pod', async () => {
    await apply(worker('rolled'));
    await ready('rolled');
    const hashOfPod = async () =>
      (await list('pods', 'rolled')).map(({ metadata }) => metadata.labels?.['redisworker.dev/net-hash']);
    const settled = (from: string, to: string) =>
      eventually(`${to} has taken the place of ${from}`, async () => {
        const [policy] = await list(to, 'rolled');
        const hashes = await hashOfPod();
        return (await list(from, 'rolled')).length === 0 && hashes.length === 1 &&
          hashes[0] === policy?.metadata.labels?.['redisworker.dev/net-hash'];
      }, 90_000);
    await apply(worker('rolled', cilium()));
    await settled('networkpolicies', kind);
    await ready('rolled');
    await apply(worker('rolled', withSpec({ networkPolicy: { flavor: 'Kubernetes' } })));
    await settled(kind, 'networkpolicies');
    await ready('rolled');
    expect(await ask(redis.client, 'rolled', 2)).toMatchObject({ code: 200 });
  });

  test('have the Job that resolves their code held by such a policy too, by the names of its hosts', async () => {
    // Of the Job nothing is to run, and it goes once the quota is told.
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'full' },
      spec: { hard: { pods: '1' } },
    };
    await apply(quota);
    await eventually(
      'the quota holds',
      async () => (await inNamespace('get', 'resourcequota', 'full', '-o', 'jsonpath={.status.hard}')) !== '',
      60_000,
    );
    await apply(worker('elsewhere', cilium({ source: { url: 'https://code.example/worker.ts', importHosts: [] } })));
    const policy = await eventually('the Job has its policy', async () => {
      const { items } = JSON.parse(await inNamespace('get', kind, '-l', 'redisworker.dev/code-job', '-o', 'json')) as {
        items: KubeObject[];
      };
      return items[0];
    }, 60_000);
    expect(policy.metadata.ownerReferences).toMatchObject([{ kind: 'Job', controller: true }]);
    const { egress } = policy.spec as { egress: { toFQDNs?: { matchName: string }[] }[] };
    expect(egress.flatMap(({ toFQDNs = [] }) => toFQDNs.map(({ matchName }) => matchName)).sort()).toEqual([
      'code.example',
      'registry.npmjs.org',
    ]);
    expect(await inNamespace('get', 'networkpolicies', '-l', 'redisworker.dev/code-job', '-o', 'name')).toBe('');
    await inNamespace('delete', 'rw', 'elsewhere');
    await eventually('nothing of it is left', async () => {
      return (await inNamespace('get', `jobs,${kind}`, '-l', 'redisworker.dev/code-job', '-o', 'name')) === '';
    }, 90_000);
    await inNamespace('delete', 'resourcequota', 'full');
  });
});
