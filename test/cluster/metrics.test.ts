/** Metrics for those alone whom the API server knows and lets read them. */
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricsReaderRules } from '../../operator/cluster/kubernetes/rights.ts';
import { createAccount } from '../support/control-plane/service-account.ts';
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

describeOnCluster('metrics with authentication', () => {
  let namespace: string;
  let operator: OperatorProcess;
  let port: number;

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('metrics');
    const account = await createAccount(sharedCluster(), { namespace, metricsAuth: true });
    port = await freePort();
    const args = ['--metrics', `127.0.0.1:${port}`, '--metrics-auth', 'TokenReview'];
    operator = await startOperatorProcess({ namespace, kubeconfig: account.kubeconfig, args });
  });
  afterAll(() => operator.stop());

  test('nobody reads them without a token, with one that is none, or without the right to', async () => {
    expect((await read()).status).toBe(401);
    expect((await read('made-up')).status).toBe(401);
    expect(await read(await tokenOf('stranger'))).toEqual({
      status: 403,
      body:
        `system:serviceaccount:${namespace}:stranger may not read this: grant it the verb get on the nonResourceURL /metrics\n`,
    });
  });

  test('who may get /metrics reads them, and they are nowhere else', async () => {
    const token = await tokenOf('collector');
    const name = `metrics-reader-${namespace}`;
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    await applyObjects({ apiVersion, kind: 'ClusterRole', metadata: { name }, rules: metricsReaderRules }, {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', namespace, name: 'collector' }],
    });
    const { status, body } = await read(token);
    expect(body).toContain('leader_election_master_status{name="redisworker-operator"} 1');
    expect(status).toBe(200);
    expect((await fetch(`${operator.httpUrl}/metrics`)).status).toBe(404);
  });

  async function tokenOf(name: string): Promise<string> {
    await applyObjects({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
    return (await kubectlOk(['-n', namespace, 'create', 'token', name])).trim();
  }

  /** Over TLS, with a certificate nobody has signed. */
  function read(token?: string): Promise<{ status: number | undefined; body: string }> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/metrics', headers, rejectUnauthorized: false };
      request(options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode, body }));
      }).on('error', reject).end();
    });
  }
});
