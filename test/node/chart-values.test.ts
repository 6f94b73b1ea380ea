/** Values of the chart that only a running pod shows the effect of: two operators, users of the cluster's choice, metrics for those alone who may. */
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Helm, openHelm } from '../support/node/helm.ts';
import { importDefaultImages } from '../support/node/product-images.ts';
import { openRelease, type Release, releaseName, removeCrd } from '../support/node/release.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { patienceMs } from '../support/node/site.ts';
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
  });
});

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
