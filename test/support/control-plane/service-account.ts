/** A ServiceAccount with a Role of the test's own, and a kubeconfig that logs in as it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyObjects, kubectlOk } from './shared.ts';

/** One rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Who the kubeconfig is, and how to change what it may do. */
export interface TestAccount {
  readonly kubeconfig: string;
  /** Makes these the rules of the Role. */
  allow(rules: readonly Rule[]): Promise<void>;
  remove(): void;
}

/** What an operator of one namespace needs there. */
export const operatorRules: readonly Rule[] = [
  {
    apiGroups: ['redisworker.dev'],
    resources: ['redisworkers', 'redisworkers/status'],
    verbs: ['get', 'list', 'watch', 'patch', 'update'],
  },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
  { apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
];

/** The rules without one verb on one resource. */
export function without(verb: string, resource: string): Rule[] {
  return operatorRules.flatMap((rule) => {
    if (!rule.resources.includes(resource)) return [rule];
    const others = rule.resources.filter((name) => name !== resource);
    const lacking = { ...rule, resources: [resource], verbs: rule.verbs.filter((name) => name !== verb) };
    return others.length === 0 ? [lacking] : [{ ...rule, resources: others }, lacking];
  });
}

/** Makes the account in a namespace, with the rules of an operator. */
export async function createAccount(namespace: string, name: string): Promise<TestAccount> {
  const metadata = { name, namespace };
  const allow = async (rules: readonly Rule[]) => {
    await applyObjects({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules });
  };
  await allow(operatorRules);
  await applyObjects(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  );
  const token = (await kubectlOk(['-n', namespace, 'create', 'token', name])).trim();
  const config = JSON.parse(await kubectlOk(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'])) as {
    users: { name: string; user: object }[];
  };
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { token } })) }),
    { mode: 0o600 },
  );
  return { kubeconfig, allow, remove: () => rmSync(folder, { recursive: true }) };
}
