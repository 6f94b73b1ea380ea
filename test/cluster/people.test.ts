/** What the roles of people amount to, asked of a real API server and compared with the page about them. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { peopleRoles } from '../../operator/cluster/kubernetes/rights.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectl,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { worker } from '../support/gen.ts';
import { eventually } from '../support/wait.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
const isResource = (word: string): boolean => /^(redisworkers|secrets|pods)/.test(word);

/** The table of the page: a row is some verbs on some resources, a column a role. */
const table = readFileSync('docs/rights.md', 'utf8').split('\n').filter((line) => line.startsWith('|'));
const columns = words(table.find((line) => line.includes('`redisworker-viewer` |'))!);
const rows = table.map((line) => line.split('|').slice(1, -1)).filter((cells) => cells.length === columns.length + 1)
  .filter(([first]) => words(first!).some(isResource))
  .map(([first, ...cells]) => ({ first: words(first!), cells: cells.map((cell) => cell.trim() === 'yes') }));

interface Question {
  readonly role: string;
  readonly verb: string;
  readonly resource: string;
  readonly expected: boolean;
}

const questions: Question[] = rows.flatMap(({ first, cells }) =>
  first.filter((word) => !isResource(word)).flatMap((verb) =>
    first.filter(isResource).flatMap((resource) =>
      columns.map((role, at) => ({ role, verb, resource, expected: cells[at] === true }))
    )
  )
);

describeOnCluster('the roles of people', () => {
  let namespace: string;
  const review = ({ role, verb, resource: path }: Question, where = namespace) => {
    const [resource, subresource] = path.split('/');
    const group = path.startsWith('redisworkers') ? 'redisworker.dev' : '';
    return {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: `with-${role}`, resourceAttributes: { namespace: where, verb, group, resource, subresource } },
    };
  };
  const allowed = async (asked: readonly Question[], where = namespace): Promise<boolean[]> => {
    const list = { apiVersion: 'v1', kind: 'List', items: asked.map((one) => review(one, where)) };
    const answers = await kubectlOk(
      ['create', '-f', '-', '-o', 'go-template={{.status.allowed}} '],
      JSON.stringify(list),
    );
    return answers.trim().split(' ').map((answer) => answer === 'true');
  };

  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('people');
    await applyObjects(
      ...peopleRoles.map(({ name, aggregatedTo, rules }) => ({
        apiVersion,
        kind: 'ClusterRole',
        metadata: {
          name,
          labels: aggregatedTo ? { [`rbac.authorization.k8s.io/aggregate-to-${aggregatedTo}`]: 'true' } : {},
        },
        rules,
      })),
      ...columns.map((role) => ({
        apiVersion,
        kind: 'RoleBinding',
        metadata: { name: role, namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: `with-${role}` }],
      })),
    );
    const last = questions.find(({ role, resource }) => role === 'admin' && resource === 'redisworkers')!;
    await eventually('the built-in roles have taken it in', async () => (await allowed([last]))[0], 60_000);
  });

  test('may do just what the page says', async () => {
    expect(questions.length).toBeGreaterThan(100);
    const answers = await allowed(questions);
    expect(questions.filter(({ expected }, at) => answers[at] !== expected)).toEqual([]);
  });

  test('may do it in no namespace they are not bound in', async () => {
    const elsewhere = await allowed(questions, await createNamespace('people'));
    expect(elsewhere.filter((answer) => answer)).toEqual([]);
  });

  test('let an author write workers with kubectl, and read no Secret', async () => {
    const as = ['--as', 'with-redisworker-author', '-n', namespace];
    expect((await kubectl(['auth', 'can-i', 'create', 'redisworkers', ...as])).stdout.trim()).toBe('yes');
    expect((await kubectl(['auth', 'can-i', 'get', 'secrets', ...as])).stdout.trim()).toBe('no');
    const written = { ...worker('written'), metadata: { name: 'written', namespace } };
    const { code, stderr } = await kubectl(['apply', '-f', '-', ...as], { stdin: JSON.stringify(written) });
    expect(stderr + String(code)).toBe('0');
  });
});
