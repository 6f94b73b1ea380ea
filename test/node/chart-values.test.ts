/** Values of the chart that only a running pod shows the effect of: two operators, users of the cluster's choice, metrics and a page for those alone who may. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Overview } from '../../operator/page/model.ts';
import { type Helm, openHelm } from '../support/node/helm.ts';
import { importDefaultImages } from '../support/node/product-images.ts';
import { openRelease, type Release, releaseName, removeCrd } from '../support/node/release.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { patienceMs } from '../support/node/site.ts';
import { whileShown } from '../support/shown-page.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

/** As OpenShift gives a namespace. */
const uid = 1_000_650_000;

/** What OpenShift does under its SCC `restricted-v2`: pods of the namespace run as its user, and may not name another. */
function assignedUser(namespace: string): object[] {
  const name = `user-of-${namespace}`;
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const context = 'Object.spec.securityContext';
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        },
        matchConditions: [{ name: 'names-no-user', expression: '!has(object.spec.securityContext.runAsUser)' }],
        mutations: [{
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{spec: Object.spec{securityContext: ${context}{runAsUser: ${uid}, fsGroup: ${uid}}}}`,
          },
        }],
      },
    },
    { apiVersion, kind: 'MutatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name } },
  ];
}

describeOnNode('the chart with other values', () => {
  describeWith('helm4')('runs', () => {
    let helm: Helm;
    let release: Release;

    beforeAll(async () => {
      const node = sharedNode();
      [helm] = await Promise.all([openHelm(toolPath('helm4'), node), importDefaultImages(node), removeCrd(node)]);
      release = await openRelease(node, 'values');
      for (const object of assignedUser(release.namespace)) await node.apply(object);
      const values = [
        'redis.trial.enabled=true',
        'replicaCount=2',
        'metrics.authentication=TokenReview',
        'page.enabled=true',
        'openshift.enabled=true',
      ].flatMap((value) => ['--set', value]);
      const wait = ['--wait', `--timeout=${patienceMs / 1000}s`];
      await helm.ok('install', releaseName, helm.packaged, ...release.where, ...values, ...wait);
    });
    afterAll(async () => {
      await release.deleteWorkers();
      for (const kind of ['mutatingadmissionpolicybinding', 'mutatingadmissionpolicy']) {
        await release.node.kubectl(['delete', kind, `user-of-${release.namespace}`]);
      }
      await helm.try('uninstall', releaseName, ...release.where, '--wait', '--timeout=120s');
      await helm.close();
    });

    const operators = async (): Promise<string[]> => {
      const pods = await release.list<{ status: { podIP: string } }>(
        'pods',
        '-l',
        'app.kubernetes.io/component=operator',
      );
      return pods.map(({ status }) => status.podIP);
    };

    test('as whom OpenShift chooses, workers and the trial Redis too', async () => {
      await release.kubectl('apply', '-f', 'examples/demo-worker.yaml');
      await release.ready('demo-worker');
      expect(await release.inOperator('redisworker', 'send', 'demo-worker', '{"name":"Ada"}')).toContain('Hello, Ada!');
      const pods = await release.list<{ spec: { securityContext: { runAsUser: number } } }>('pods');
      expect(pods.length).toBeGreaterThanOrEqual(5);
      expect(new Set(pods.map(({ spec }) => spec.securityContext.runAsUser))).toEqual(new Set([uid]));
      expect((await release.inOperator('/usr/bin/node', '-p', 'process.getuid()')).trim()).toBe(String(uid));
      expect(await release.inOperator('redisworker', 'dead', 'list', 'nobody')).toMatch(/no dead letters|^$/i);
    });

    test('two operators, of which one may be evicted and one leads, and shows its metrics to whoever may get them', async () => {
      await release.kubectl(
        'wait',
        `pdb/${releaseName}`,
        '--for=jsonpath={.status.disruptionsAllowed}=1',
        '--timeout=60s',
      );
      await release.kubectl('create', 'serviceaccount', 'collector');
      const token = (await release.kubectl('create', 'token', 'collector')).trim();
      const [first = '', ...others] = await operators();
      expect(others).toHaveLength(1);
      expect((await read(first)).status).toBe(401);
      expect((await read(first, token)).status).toBe(403);
      const reader = `${releaseName}-metrics-reader`;
      const account = `${release.namespace}:collector`;
      await release.kubectl(
        'create',
        'clusterrolebinding',
        account.replace(':', '-'),
        `--clusterrole=${reader}`,
        `--serviceaccount=${account}`,
      );
      await eventually('one of them leads', async () => {
        const read200 = await Promise.all([first, ...others].map((address) => read(address, token)));
        return read200.every(({ status }) => status === 200) &&
          read200.filter(({ body }) => body.includes(`leader_election_master_status{name="${releaseName}"} 1`))
              .length === 1;
      }, patienceMs);
    });

    test('their page, which whoever has both of its roles comes to through the kubelet, and nobody else', async () => {
      const { namespace } = release;
      const bind = (kind: 'role' | 'clusterrole', account: string) =>
        release.kubectl(
          'create',
          `${kind}binding`,
          `page-${account}-${namespace}`,
          `--${kind}=${releaseName}-page-viewer`,
          `--serviceaccount=${namespace}:${account}`,
        );
      for (const account of ['ada', 'page']) await release.kubectl('create', 'serviceaccount', account);
      const folder = await mkdtemp(join(tmpdir(), 'redisworker-page-'));
      try {
        const kubeconfig = join(folder, 'kubeconfig');
        const token = (await release.kubectl('create', 'token', 'ada')).trim();
        await writeFile(kubeconfig, await loginWith(token));
        const words = ['--operator-namespace', namespace, '--port', '0'];
        const asAda = (look?: Parameters<typeof whileShown>[1]) =>
          whileShown([...words, '--kubeconfig', kubeconfig], look);
        expect((await asAda()).err).toContain(`you may not list the pods of the namespace ${namespace}`);
        await bind('role', 'ada');
        const err = `${namespace}:ada may not see this: grant it the verb get on the nonResourceURL /page`;
        expect(await asAda()).toMatchObject({ code: 1, out: '', err: expect.stringContaining(err) as string });
        await bind('clusterrole', 'ada');
        await eventually('she sees the worker', async () => {
          let names: readonly string[] = [];
          await asAda(async (address, own) => {
            names = await workersAt(address, own);
          });
          return names.includes('demo-worker');
        }, patienceMs);
        await bind('clusterrole', 'page');
        const asAdmin = [...words, '--kubeconfig', release.node.kubeconfigPath];
        expect((await whileShown(asAdmin)).err).toContain('you log in to the cluster without a token');
        const shown = await whileShown([...asAdmin, '--service-account', 'page'], async (address, own) => {
          expect(await workersAt(address, own)).toContain('demo-worker');
        });
        expect(shown).toMatchObject({
          code: 0,
          out: expect.stringContaining(`in the namespace ${namespace}`) as string,
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    /** The cluster as the administrator's kubeconfig names it, and another user. */
    async function loginWith(token: string): Promise<string> {
      const config = parse(await readFile(release.node.kubeconfigPath, 'utf8')) as { users: { name: string }[] };
      return JSON.stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) });
    }
  });
});

/** Names of the workers that a page shows, once it is a page. */
async function workersAt(address: string, token: string): Promise<readonly string[]> {
  expect(await (await fetch(address)).text()).toContain('<script type="module">');
  const response = await fetch(`${address}data/overview`, { headers: { authorization: `Bearer ${token}` } });
  const { mode, rows } = await response.json() as Overview;
  expect([response.status, mode]).toEqual([200, 'Cluster']);
  return rows.map(({ name }) => name);
}

/** Asks for the metrics; the operator signs its certificate itself. */
function read(host: string, token?: string): Promise<{ readonly status: number; readonly body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    request({ host, port: 8443, path: '/metrics', headers, rejectUnauthorized: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text)).on(
        'end',
        () => resolve({ status: response.statusCode ?? 0, body }),
      );
    }).on('error', reject).end();
  });
}
