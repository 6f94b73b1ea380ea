/** What linters, schemas and the API server say of the chart, for every two values that change what is rendered. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Combination, pairwise, valuesOf } from '../support/chart/combinations.ts';
import { findings } from '../support/chart/checks.ts';
import { chartFolder, type GivenValues, helm, helms, release, render, type Rendered } from '../support/chart/helm.ts';
import { monitoringKinds } from '../support/chart/monitoring-kinds.ts';
import { podsOf } from '../support/chart/pods.ts';
import { schemaFiles } from '../support/chart/schemas.ts';
import { tryRun } from '../support/command.ts';
import { createNamespace, describeOnCluster, kubectl, kubectlOk } from '../support/control-plane/shared.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';

/** A set of values and what comes of it. */
interface Case {
  readonly combination: Combination;
  readonly title: string;
  readonly values: GivenValues;
  readonly objects: readonly Rendered[];
}

/** Kinds of others, whose schemas the API server does not have. */
const foreign = new Set(['ServiceMonitor', 'PrometheusRule']);

let cases: readonly Case[] = [];

describeWith('helm3', 'helm4')('under each set of values', () => {
  beforeAll(async () => {
    cases = await atOnce(pairwise(), async (combination) => {
      const values = valuesOf(combination);
      return { combination, title: titleOf(combination), values, objects: await render(values) };
    });
  });

  test('Helm 3 and Helm 4 render the same objects', async () => {
    await atOnce(cases, async ({ values, objects, title }) => {
      expect(withoutPassword(await render(values, 'helm3')), title).toEqual(withoutPassword(objects));
    });
  });

  test.each(helms)('%s lint --strict has nothing to say', async (which) => {
    const problems = await atOnce(cases, async ({ values, title }) => {
      const { code, stdout, stderr } = await helm(
        which,
        ['lint', '--strict', chartFolder, '--kube-version', '1.36.3', '--namespace', release.namespace],
        values,
      );
      return code === 0 ? '' : `${title}\n${stdout}${stderr}`;
    });
    expect(problems.join('')).toBe('');
  });

  test('no check of kube-linter and Polaris finds anything that the values do not ask for', () => {
    const found = cases.flatMap(({ combination, objects, title }) =>
      findings(objects, waivedBy(combination)).map((finding) => `${finding} (${title})`)
    );
    expect(found).toEqual([]);
  });

  test('no object is rendered twice', () => {
    for (const { objects, title } of cases) {
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
      expect(names, title).toEqual([...new Set(names)]);
    }
  });

  test('names, labels and their values have a length that Kubernetes takes', () => {
    for (const { objects, title } of cases) {
      for (const { kind, metadata: { name, labels = {} } } of objects) {
        expect(name.length, `${kind} ${name} under ${title}`).toBeLessThanOrEqual(63);
        for (const value of Object.values(labels)) {
          expect(value).toMatch(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/);
        }
      }
    }
  });

  test('all objects carry the common labels and annotations', () => {
    const given = cases.filter(({ combination }) => combination['pods'] === 'everything');
    expect(given.length).toBeGreaterThan(0);
    for (const { metadata, kind } of given.flatMap(({ objects }) => objects)) {
      expect(metadata.labels, `${kind} ${metadata.name}`).toMatchObject({ team: 'a' });
      expect(metadata.annotations, `${kind} ${metadata.name}`).toMatchObject({ 'example.com/owner': 'team-a' });
    }
  });

  test('served is one namespace with Roles alone, and no right beyond it but the Lease of the release', () => {
    const inOne = cases.filter(({ combination }) => combination['served'] === 'one');
    expect(inOne.length).toBeGreaterThan(0);
    for (const { objects, title } of inOne) {
      expect(objects.filter(({ kind }) => /^ClusterRole/.test(kind)), title).toEqual([]);
      const outside = objects.filter(({ kind, metadata }) => kind === 'Role' && metadata.namespace !== 'team-a');
      expect(
        outside.flatMap((role) => role['rules'] as { resources: string[] }[]).flatMap(({ resources }) => resources),
      )
        .toEqual(outside.length === 0 ? [] : ['leases', 'leases']);
    }
  });
});

describeWith('helm4', 'kube-score')('kube-score', () => {
  /** What it would have otherwise, and why the chart does not. */
  const waived = {
    'container-image-pull-policy': 'images have a version for a tag, or a digest; pulling them again brings nothing',
    'container-ephemeral-storage-request-and-limit': 'the only writable volumes are bounded by their size',
    'container-resources': 'a CPU limit would slow down takeovers; memory is checked above',
    'container-security-context-user-group-id':
      'ids are 65532, above its 10000, and on OpenShift those of the namespace',
    'deployment-has-poddisruptionbudget': 'there is one as soon as there are two replicas',
    'statefulset-has-servicename': 'its Service has an address, for the URL; nobody asks for the name of its one pod',
  };

  test('finds nothing beside what has a reason to be so', async () => {
    const problems = await atOnce(cases, async ({ objects, title, combination }) => {
      if (combination['network'] === 'none') return [];
      const { stdout } = await tryRun(toolPath('kube-score'), [
        'score',
        '--kubernetes-version',
        'v1.36',
        '--output-format',
        'json',
        ...Object.keys(waived).flatMap((name) => ['--ignore-test', name]),
        '-',
      ], { stdin: documents(objects.filter(({ kind }) => !foreign.has(kind))) });
      return (JSON.parse(stdout) as Score[]).flatMap(({ object_name, checks }) =>
        checks.filter(({ grade, skipped }) => grade < 5 && !skipped).map(({ check, grade, comments }) =>
          `${object_name}: ${check.id} ${grade} ${JSON.stringify(comments)} (${title})`
        )
      );
    });
    expect(problems.flat()).toEqual([]);
  });
});

describeOnCluster('the API server', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
    const openApi = JSON.parse(await kubectlOk(['get', '--raw', '/openapi/v2'])) as Parameters<typeof schemaFiles>[0];
    const kinds = new Set(cases.flatMap(({ objects }) => objects.map(({ kind }) => kind)));
    await Promise.all([...schemaFiles(openApi, kinds)].map(([name, text]) => writeFile(join(folder, name), text)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  describeWith('helm4', 'kubeconform')('by its schemas', () => {
    test('takes every object as valid, field by field', async () => {
      const { code, stdout } = await tryRun(toolPath('kubeconform'), [
        '-strict',
        '-summary',
        '-schema-location',
        `${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`,
        '-skip',
        [...foreign].join(','),
      ], { stdin: documents(allObjects()) });
      expect(code, stdout).toBe(0);
      expect(stdout).toMatch(/Valid: [1-9]/);
    });
  });

  describeWith('helm4')('asked without writing', () => {
    beforeAll(async () => {
      for (const name of [release.namespace, 'team-a', 'monitoring']) await kubectlOk(['create', 'namespace', name]);
    });

    test('would take every object', async () => {
      const objects = allObjects().filter(({ kind }) => !foreign.has(kind));
      const { code, stderr } = await kubectl([
        'apply',
        '--server-side',
        '--dry-run=server',
        '--force-conflicts',
        '-f',
        '-',
      ], {
        stdin: documents(objects),
      });
      expect(stderr + String(code)).toBe('0');
    });

    test('would take what is for Prometheus, by the definitions of its operator', async () => {
      const definitions = await monitoringKinds();
      await kubectlOk(['apply', '--server-side', '-f', definitions]);
      await kubectlOk(['wait', '--for=condition=Established', '--timeout=60s', '-f', definitions]);
      const objects = allObjects().filter(({ kind }) => foreign.has(kind));
      expect(new Set(objects.map(({ kind }) => kind))).toEqual(foreign);
      const { code, stderr } = await kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], {
        stdin: documents(objects),
      });
      expect(stderr + String(code)).toBe('0');
    });

    test('lets all pods into a namespace whose Pod Security is restricted', async () => {
      const namespace = await createNamespace('restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });
      const pods = distinct(
        cases.flatMap(({ objects }) => podsOf(objects)).map(({ spec, labels }) => ({ spec, labels })),
      );
      const stdin = documents(pods.map(({ spec, labels }, at): Rendered => {
        const { serviceAccountName, ...rest } = spec as { serviceAccountName?: string };
        const withData = {
          ...rest,
          volumes: [...((rest as { volumes?: object[] }).volumes ?? []), { name: 'data', emptyDir: {} }],
        };
        const volumes = distinctBy(withData.volumes as { name: string }[], ({ name }) => name);
        return {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `pod-${at}`, namespace, labels },
          spec: { ...rest, volumes, automountServiceAccountToken: serviceAccountName !== undefined },
        };
      }));
      const { code, stderr } = await kubectl(['create', '--dry-run=server', '-f', '-'], { stdin });
      expect(stderr + String(code)).toBe('0');
    });
  });
});

interface Score {
  readonly object_name: string;
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: unknown;
  }[];
}

/** What values ask for against the advice of linters. */
function waivedBy({ network }: Combination): string[] {
  return network === 'none' ? ['non-isolated-pod'] : [];
}

/** Every object as it is under any set of values. */
function allObjects(): Rendered[] {
  return distinct(cases.flatMap(({ objects }) => objects));
}

function titleOf(combination: Combination): string {
  return Object.entries(combination).map(([name, option]) => `${name}: ${option}`).join(', ');
}

/** Several at a time, as the machine has cores. */
async function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const next = items.entries();
  await Promise.all([1, 2, 3, 4].map(async () => {
    for (const [at, item] of next) results[at] = await work(item);
  }));
  return results;
}

/** A generated password is another one each time. */
function withoutPassword(objects: readonly Rendered[]): readonly Rendered[] {
  return objects.map((object) => (object.kind === 'Secret' ? { ...object, data: {} } : object));
}

function documents(objects: readonly Rendered[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

function distinct<T>(items: readonly T[]): T[] {
  return distinctBy(items, (item) => JSON.stringify(item));
}

function distinctBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

describe('the sets of values', () => {
  test('are few, and have every two choices together', () => {
    expect(pairwise().length).toBeLessThan(60);
  });
});
