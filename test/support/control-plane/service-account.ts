/** A ServiceAccount with the rights of an operator, or fewer, and a kubeconfig that logs in as it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { leaseRules, metricsAuthRules, type Rule, servedRules } from '../../../operator/cluster/kubernetes/rights.ts';
import type { Kubectl } from './kubectl.ts';

/** Where an account is made. */
export interface AccountCluster {
  /** The administrator's; the account's is put beside it, and goes with it. */
  readonly kubeconfigPath: string;
  readonly kubectl: Kubectl;
}

/** Whom an account is for. */
export interface AccountOptions {
  /** Where it lives, holds its Lease, and serves unless `everywhere`. */
  readonly namespace: string;
  /** Serves all namespaces. */
  readonly everywhere?: boolean;
  /** Asks the API server who may read its metrics, or see its page. */
  readonly metricsAuth?: boolean;
}

/** Who the kubeconfig is, and how to change what it may do. */
export interface TestAccount {
  readonly kubeconfig: string;
  /** Makes these the rules where workers are served. */
  allow(rules: readonly Rule[]): Promise<void>;
}

/** Its name, which is also the one of the Lease an operator without further settings holds. */
const name = 'redisworker-operator';

/** What an operator may do where it serves, without one verb on one resource. */
export function without(verb: string, resource: string): Rule[] {
  return servedRules.map((rule) =>
    rule.resources.includes(resource) ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule
  ).filter(({ verbs }) => verbs.length > 0);
}

/** Makes the account; doing it again gives it back all its rights. */
export async function createAccount(cluster: AccountCluster, options: AccountOptions): Promise<TestAccount> {
  const { namespace, everywhere = false, metricsAuth = false } = options;
  const subject = { kind: 'ServiceAccount', name, namespace };
  const granted = (grant: Omit<Grant, 'subject'>) => rolesOf({ ...grant, subject });
  const inNamespace = everywhere ? {} : { namespace };
  const served = (rules: readonly Rule[]) => granted({ ...inNamespace, name: `${name}-${namespace}`, rules });
  const kubectlOk = async (args: readonly string[], objects?: readonly object[]): Promise<string> => {
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const { code, stdout, stderr } = await cluster.kubectl(args, objects ? { stdin } : {});
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  };
  const apply = (...objects: object[]) =>
    kubectlOk(['apply', '--server-side', '--force-conflicts', '-f', '-'], objects);
  await apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    ...served(servedRules),
    ...granted({ namespace, name: `${name}-lease`, rules: leaseRules(name) }),
    ...(metricsAuth ? granted({ name: `${name}-metrics-${namespace}`, rules: metricsAuthRules }) : []),
  );
  const token = (await kubectlOk(['-n', namespace, 'create', 'token', name, '--duration=6h'])).trim();
  return {
    kubeconfig: await writeKubeconfig(cluster.kubeconfigPath, `${namespace}.conf`, token),
    async allow(rules) {
      await apply(...served(rules));
    },
  };
}

/** Rules for somebody, in one namespace or in all. */
interface Grant {
  readonly name: string;
  readonly namespace?: string;
  readonly rules: readonly Rule[];
  readonly subject: object;
}

function rolesOf({ name, namespace, rules, subject }: Grant): object[] {
  const [role, binding] = namespace === undefined ? ['ClusterRole', 'ClusterRoleBinding'] : ['Role', 'RoleBinding'];
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: role, name };
  return [
    { apiVersion, kind: role, metadata, rules },
    { apiVersion, kind: binding, metadata, roleRef, subjects: [subject] },
  ];
}

async function writeKubeconfig(admin: string, file: string, token: string): Promise<string> {
  const config = parse(await readFile(admin, 'utf8')) as { users: { name: string }[] };
  const folder = join(dirname(admin), 'accounts');
  await mkdir(folder, { recursive: true });
  const path = join(folder, file);
  const users = config.users.map((user) => ({ name: user.name, user: { token } }));
  await writeFile(path, JSON.stringify({ ...config, users }), { mode: 0o600 });
  return path;
}
