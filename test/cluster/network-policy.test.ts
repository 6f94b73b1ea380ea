/** Our policies before a real API server: taken as they are, at rest once written, closed again when opened by hand. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { hasDrifted } from '../../operator/redisworker/desired/drift.ts';
import { createNamespace, describeOnCluster, kubectlOk } from '../support/control-plane/shared.ts';

interface Policy extends KubeObject {
  spec?: { readonly egress?: unknown };
}

/** The golden policy in a namespace of the test; without its owner, which does not exist and would take it along. */
function goldenIn(namespace: string, name: string): Policy {
  const { metadata, ...golden } = parse(readFileSync(`test/golden/network-policy/${name}.yaml`, 'utf8')) as Policy;
  return { ...golden, metadata: { name: metadata.name, namespace, labels: metadata.labels ?? {} } };
}

async function apply(policy: object): Promise<Policy> {
  const stored = await kubectlOk([
    'apply',
    '--server-side',
    '--force-conflicts',
    '--field-manager=redisworker',
    '-o',
    'json',
    '-f',
    '-',
  ], JSON.stringify(policy));
  return JSON.parse(stored) as Policy;
}

describeOnCluster('the API server', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await createNamespace('policy');
  });

  test.each(['no-scope', 'full-scope', 'allow-all'])(
    'takes the policy %s as it is, and we see no reason to write it again',
    async (name) => {
      const policy = goldenIn(namespace, name);
      const stored = await apply(policy);
      expect(stored.spec?.egress).toEqual(policy.spec?.egress);
      expect(hasDrifted(policy, stored)).toBe(false);
    },
  );

  test.each([{ ingress: [{}] }, { egress: [{}] }, { policyTypes: ['Egress'] }])(
    'lets us see and close what somebody opened by hand: %j',
    async (opened) => {
      const policy = goldenIn(namespace, 'no-scope');
      const before = await apply(policy);
      const patched = await kubectlOk([
        'patch',
        'networkpolicy',
        before.metadata.name,
        '-n',
        namespace,
        '--type=merge',
        '-o',
        'json',
        '-p',
        JSON.stringify({ spec: opened }),
      ]);
      expect(hasDrifted(policy, JSON.parse(patched) as KubeObject)).toBe(true);
      expect((await apply(policy)).spec).toEqual(before.spec);
    },
  );
});
