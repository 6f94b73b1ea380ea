/** Manifests that are applied again and again, as people and GitOps controllers do, while the operator works on them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { crdName } from '../../operator/api/crd.ts';
import { describeOnCluster, kubectl, kubectlOk } from '../support/control-plane/shared.ts';
import { withSpec, worker } from '../support/gen.ts';
import { crdFile } from '../support/gitops/examples.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { eventually } from '../support/wait.ts';

const examples = join(import.meta.dirname, '../../examples');

interface Listed {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly uid: string;
      readonly generation?: number;
      readonly resourceVersion: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec?: unknown;
  }[];
}

let stage: Stage;

/** Its scripts run by the clock, so that there is always something new to count. */
const neverRests = 'hats';

const list = async (kinds: string) => (JSON.parse(await stage.kubectl('get', kinds, '-o', 'json')) as Listed).items;
const children = 'deployments,replicasets,pods,networkpolicies,configmaps,secrets';

/** Everything in the namespace that could have been written, by its version; the worker's own may move once. */
async function versionsOf(kinds: string): Promise<string[]> {
  const found = (await list(kinds)).filter(({ kind, metadata }) =>
    `${kind} ${metadata.name}` !== `RedisWorker ${neverRests}`
  );
  return found.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`).sort();
}

interface Told {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
}

/** What is told of the namespace, and how often; not that pods of a test node, on loopback, are no endpoints. */
const eventsTold = async (): Promise<string[]> =>
  (JSON.parse(await stage.kubectl('get', 'events', '-o', 'json')) as { items: Told[] }).items
    .filter(({ involvedObject: { kind } }) => kind !== 'Service' && kind !== 'Endpoints')
    .map(({ involvedObject: { kind, name }, reason, message, count = 1 }) =>
      `${kind} ${name} ${reason}: ${message}, ${count} times`
    ).sort();

/** All workers are Ready, nothing is under way, and no child has changed between two looks. */
async function atRest(): Promise<void> {
  await stage.kubectl('wait', '--for=condition=Ready', 'rw', '--all', '--timeout=120s');
  let last = '';
  await eventually('all is at rest', async () => {
    const now = JSON.stringify([await versionsOf(children), (await list('rw')).map(({ metadata }) => metadata)]);
    const isSame = now === last;
    last = now;
    return isSame && !JSON.stringify(await list('rw')).includes('"Reconciling"');
  }, 60_000);
}

/** The examples as a GitOps controller sends them: with marks of its own. */
const marked: readonly { readonly metadata: object }[] = readdirSync(examples).filter((file) => file.endsWith('.yaml'))
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(examples, file), 'utf8')).map((document) => {
      const object = document.toJS() as { metadata: object };
      return {
        ...object,
        metadata: {
          ...object.metadata,
          labels: {
            'kustomize.toolkit.fluxcd.io/name': 'shop',
            'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
            'app.kubernetes.io/instance': 'shop',
          },
          annotations: { 'argocd.argoproj.io/tracking-id': 'shop:redisworker.dev/RedisWorker:default/w' },
        },
      };
    })
  );

/** Applies as a controller does that takes what it names for its own. */
const reapply = (...objects: readonly { readonly metadata: object }[]) =>
  kubectlOk(
    ['-n', stage.namespace, 'apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-f', '-'],
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: stage.namespace } })),
    }),
  );

describeOnCluster('manifests that are applied again', () => {
  beforeAll(async () => {
    stage = await openStage('reapply');
  });

  afterAll(() => stage.stop());

  test('have the words the API server has for them, where they define the kind', async () => {
    const written: unknown = parse(crdFile());
    expect(JSON.parse(await kubectlOk(['get', 'crd', crdName, '-o', 'json']))).toMatchObject(written as object);
  });

  test.each([
    ['on the client', []],
    ['on the server', ['--server-side']],
  ])('differ in nothing from what there is, when they were applied %s', async (_, how) => {
    await stage.kubectl('apply', ...how, '-f', examples);
    await atRest();
    const { code, stdout, stderr } = await kubectl(['-n', stage.namespace, 'diff', ...how, '-f', examples]);
    expect([stdout, stderr, code]).toEqual(['', '', 0]);
    await stage.kubectl('delete', '-f', examples, '--timeout=120s');
  });

  test('change nothing, twenty times over, when a controller takes its fields for its own', async () => {
    await stage.kubectl('apply', '--server-side', '-f', examples);
    await atRest();
    const [before, workers] = [await versionsOf(children), await list('rw')];
    await reapply(...marked);
    await atRest();
    const [events, taken] = [await eventsTold(), await versionsOf('rw')];
    for (let times = 1; times < 20; times++) await reapply(...marked);
    expect(await versionsOf('rw')).toEqual(taken);
    const ours = (version: string) => !/^(ConfigMap word-count-source|Secret demo-worker-secret) /.test(version);
    expect((await versionsOf(children)).filter(ours)).toEqual(before.filter(ours));
    expect((await list('rw')).map(({ metadata }) => metadata.generation)).toEqual(
      workers.map(({ metadata }) => metadata.generation),
    );
    expect(await eventsTold()).toEqual(events);
  });

  test('leave marks of their controllers on the worker alone', async () => {
    const workers = await list('rw');
    expect(workers.length).toBeGreaterThan(0);
    for (const { metadata } of workers) expect(metadata.labels?.['app.kubernetes.io/instance']).toBe('shop');
    const ours = (await list(children)).filter(({ metadata }) =>
      metadata.labels?.['redisworker.dev/name'] !== undefined
    );
    expect(ours.length).toBeGreaterThan(15);
    for (const { metadata, spec } of ours) {
      expect(JSON.stringify([metadata.labels, metadata.annotations, spec])).not.toMatch(
        /fluxcd|argocd|app\.kubernetes\.io\/instance/,
      );
    }
  });

  test('roll no pod when an operator starts and looks at everything anew', async () => {
    const before = await versionsOf(children);
    await stage.stopOperator();
    await stage.startOperator();
    await reapply(worker('marker'));
    await stage.kubectl('wait', '--for=condition=Ready', 'rw/marker', '--timeout=60s');
    const now = new Set(await versionsOf(children));
    expect(before.filter((version) => !now.has(version))).toEqual([]);
  });

  test('leave the number of consumers to whoever scales, when they name none', async () => {
    const count = () => stage.kubectl('get', 'rw', 'marker', '-o', 'jsonpath={.spec.consumers.count}');
    await stage.kubectl('scale', 'rw/marker', '--replicas=2');
    await reapply(worker('marker'));
    expect(await count()).toBe('2');
    await reapply(worker('marker', withSpec({ handler: { timeoutSeconds: 5 } })));
    expect(await count()).toBe('2');
  });
});
