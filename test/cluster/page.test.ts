/** The status page for those alone whom the API server knows and lets see it; it only shows. */
import { request } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OperatorPage } from '../../cli/operator-page.ts';
import { accountToken } from '../../cli/user-token.ts';
import { connectKubernetes, type KubernetesCluster } from '../../operator/cluster/kubernetes/index.ts';
import { pageViewerRules } from '../../operator/cluster/kubernetes/rights.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
  sharedCluster,
} from '../support/control-plane/shared.ts';
import { type OperatorProcess, startOperatorProcess } from '../support/operator.ts';
import { freePort } from '../support/processes.ts';
import { quietLog } from '../support/quiet-log.ts';
import { eventually } from '../support/wait.ts';

describeOnCluster('the status page of a cluster', () => {
  let namespace: string;
  let operators: OperatorProcess[] = [];
  let cluster: KubernetesCluster;
  let port: number;

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('page');
    cluster = await connectKubernetes({ kubeconfig: sharedCluster().kubeconfigPath, log: quietLog() });
    port = await freePort();
    operators = [await startOperatorProcess({ namespace, args: ['--page', `127.0.0.1:${port}`] })];
    await applyObjects({
      apiVersion: 'redisworker.dev/v1alpha1',
      kind: 'RedisWorker',
      metadata: { name: 'resize', namespace },
      spec: { source: { inline: 'export default () => 1;' } },
    });
    await grant('viewer');
  });
  afterAll(async () => {
    await Promise.all(operators.map((operator) => operator.stop()));
    await cluster.close();
  });

  test('nobody is told of a worker without a token, with one that is none, or without the right to', async () => {
    expect((await ask()).status).toBe(401);
    expect((await ask({ token: 'made-up' })).status).toBe(401);
    const { status, body } = await ask({ token: await tokenOf('stranger') });
    expect([status, JSON.parse(body)]).toEqual([403, {
      error:
        `system:serviceaccount:${namespace}:stranger may not see this: grant it the verb get on the nonResourceURL /page`,
    }]);
  });

  test('who may get /page sees the page and the workers, and can have nothing done', async () => {
    const token = await tokenOf('viewer');
    const page = await ask({ path: '/' });
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('<script type="module">')]);
    await eventually('it tells of the worker', async () => {
      const { status, body } = await ask({ token });
      expect([status, JSON.parse(body)]).toMatchObject([200, { mode: 'Cluster' }]);
      return body.includes('"name":"resize"');
    }, 60_000);
    expect(JSON.parse((await ask({ token, path: `/data/workers/${namespace}/resize` })).body)).toMatchObject({
      row: { namespace, name: 'resize', type: 'resize' },
    });
    for (const what of ['send', 'dead/1-1/replay']) {
      const path = `/data/workers/${namespace}/resize/${what}`;
      expect((await ask({ token, path, method: 'POST' })).status).toBe(405);
    }
  });

  test('a replica that stands by says so, and who looks with a token made for it finds the one that leads', async () => {
    const other = await freePort();
    operators.push(
      await startOperatorProcess({ namespace, args: ['--page', `127.0.0.1:${other}`], awaitReady: false }),
    );
    const token = await tokenOf('viewer');
    await eventually('the standby serves', async () => {
      const { status, body } = await ask({ token, at: other }).catch(() => ({ status: 0, body: '' }));
      return status === 503 && body.includes('this replica stands by and follows no worker');
    }, 60_000);
    const found = new OperatorPage({
      pods: () => Promise.resolve([other, port].map((one) => ({ namespace, pod: `op-${one}`, port: one }))),
      dial: (pod) => Promise.resolve(connect(pod.port, '127.0.0.1')),
      token: accountToken(cluster, { namespace, name: 'viewer' }),
    });
    const { status, text } = await found.ask('/data/overview?q=resize');
    found.close();
    expect([status, JSON.parse(text)]).toMatchObject([200, { rows: [{ name: 'resize' }] }]);
  });

  async function grant(account: string): Promise<void> {
    const name = `page-viewer-${namespace}`;
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    await applyObjects({ apiVersion, kind: 'ClusterRole', metadata: { name }, rules: pageViewerRules }, {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
    });
  }

  async function tokenOf(name: string): Promise<string> {
    await applyObjects({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
    return (await kubectlOk(['-n', namespace, 'create', 'token', name])).trim();
  }

  /** Over TLS, with a certificate nobody has signed. */
  function ask({ token, path = '/data/overview', method = 'GET', at = port }: {
    token?: string;
    path?: string;
    method?: string;
    at?: number;
  } = {}): Promise<{ status: number | undefined; body: string }> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: at, path, method, headers, rejectUnauthorized: false, agent: false };
      request(options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode, body }));
      }).on('error', reject).end();
    });
  }
});
