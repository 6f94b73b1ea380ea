/** Releases on an API server: who owns the CustomResourceDefinition, and what outlives an upgrade. No pod runs here. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { crdAnnotations, crdName } from '../../operator/api/crd.ts';
import { chartFolder, type GivenValues, helms } from '../support/chart/helm.ts';
import { type CommandResult, tryRun } from '../support/command.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { describeOnCluster } from '../support/control-plane/shared.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';

interface CustomResource {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly versions: readonly { readonly additionalPrinterColumns?: readonly unknown[] }[] };
}

describeOnCluster('on an API server', () => {
  describeWith('helm3', 'helm4')('a release', () => {
    describe.each(helms)('of %s', (which) => {
      let controlPlane: ControlPlane;

      beforeAll(async () => {
        controlPlane = await startControlPlane({ parts: 'ApiServer' });
      });
      afterAll(() => controlPlane.stop());

      const helm = (args: readonly string[], values: GivenValues = {}): Promise<CommandResult> =>
        tryRun(toolPath(which), [...args, ...(takesValues.has(args[0]) ? ['--values', '-'] : [])], {
          env: { ...process.env, KUBECONFIG: controlPlane.kubeconfigPath },
          stdin: JSON.stringify(values),
        });
      const succeed = async (result: Promise<CommandResult>): Promise<string> => {
        const { code, stdout, stderr } = await result;
        expect(code, stderr).toBe(0);
        return stdout;
      };
      /** Serves its own namespace, so that several releases get on. */
      const install = (name: string, values: GivenValues = {}, ...flags: readonly string[]) =>
        helm(
          ['upgrade', '--install', name, chartFolder, '--namespace', name, '--create-namespace', ...flags],
          { watchNamespace: name, ...values },
        );
      const uninstall = (name: string) => succeed(helm(['uninstall', name, '--namespace', name]));
      const kubectl = (...args: readonly string[]) => succeed(controlPlane.kubectl(args));
      const json = async <T>(...args: readonly string[]) => JSON.parse(await kubectl(...args, '-o', 'json')) as T;
      const definition = () => json<CustomResource>('get', 'crd', crdName);
      const owner = async (): Promise<string | undefined> =>
        (await definition()).metadata.annotations?.['meta.helm.sh/release-name'];
      /** Makes the definition one of another version: its words are others, and some are gone. */
      const alter = (version: string) =>
        kubectl(
          'patch',
          'crd',
          crdName,
          '--type=json',
          '-p',
          JSON.stringify([
            { op: 'replace', path: '/spec/versions/0/additionalPrinterColumns', value: [] },
            { op: 'add', path: pointer(crdAnnotations.version), value: version },
            { op: 'add', path: pointer(crdAnnotations.schema), value: 'sha256-another' },
          ]),
        );
      const columns = async () => (await definition()).spec.versions[0]?.additionalPrinterColumns ?? [];

      test('brings the definition, and tells the next commands with the names it has', async () => {
        const notes = await succeed(install('one', { redis: { trial: { enabled: true } } }));
        expect(await owner()).toBe('one');
        expect(notes).toContain('kubectl -n one rollout status deployment/one-redis-worker-operator');
        expect(notes).toContain('helm -n one test one\n');
        expect(notes).not.toContain('WARNING');
      });

      test('keeps the password of its Redis over upgrades', async () => {
        const password = () => json<{ data: object }>('-n', 'one', 'get', 'secret', 'one-redis-worker-operator-redis');
        const { data: before } = await password();
        await succeed(install('one', { redis: { trial: { enabled: true } }, logLevel: 'debug' }));
        expect((await password()).data).toEqual(before);
      });

      test('leaves the definition of another release alone, when it is the same', async () => {
        const notes = await succeed(install('two'));
        expect(await owner()).toBe('one');
        expect(notes).toContain('it has no Redis');
        await succeed(install('two', { logLevel: 'debug' }));
        expect(await owner()).toBe('one');
      });

      test('leaves the definition and workers behind when it is uninstalled, and takes them back', async () => {
        const worker = {
          apiVersion: 'redisworker.dev/v1alpha1',
          kind: 'RedisWorker',
          metadata: { name: 'kept', namespace: 'one' },
          spec: { source: { inline: 'export default () => 1' } },
        };
        await succeed(controlPlane.kubectl(['create', '-f', '-'], { stdin: JSON.stringify(worker) }));
        await uninstall('one');
        expect(await kubectl('-n', 'one', 'get', 'redisworkers', '-o', 'name')).toContain('kept');
        await succeed(install('one'));
        expect(await owner()).toBe('one');
        expect(await kubectl('-n', 'one', 'get', 'redisworkers', '-o', 'name')).toContain('kept');
      });

      test('upgrades its own definition', async () => {
        await alter('0.0.1');
        await succeed(install('one', { logLevel: 'warn' }, ...conflicts(which)));
        expect(await columns()).not.toEqual([]);
        expect((await definition()).metadata.annotations?.[crdAnnotations.version]).not.toBe('0.0.1');
      });

      test('puts the definition back that it had, when it is rolled back', async () => {
        const before = await chartBefore();
        try {
          await succeed(helm(['upgrade', 'one', before, '--namespace', 'one'], { watchNamespace: 'one' }));
          expect(await columns()).toEqual([]);
          await succeed(install('one'));
          expect(await columns()).not.toEqual([]);
          await succeed(helm(['rollback', 'one', '--namespace', 'one']));
          expect(await columns()).toEqual([]);
          await succeed(install('one'));
        } finally {
          await rm(before, { recursive: true });
        }
      });

      test("refuses to work with another's of an older version, and says what to do", async () => {
        await alter('0.0.1');
        const { code, stderr } = await install('three');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(
          /the cluster has a CustomResourceDefinition redisworkers\.redisworker\.dev of version 0\.0\.1 that belongs to the release one\/one, and this chart has .*: upgrade that first, or take it over with --take-ownership --set crds\.takeOver=true/,
        );
      });

      test("takes another's over when it is told to", async () => {
        await succeed(install('three', { crds: { takeOver: true } }, '--take-ownership', ...conflicts(which)));
        expect(await owner()).toBe('three');
        expect(await columns()).not.toEqual([]);
        await succeed(install('three', { logLevel: 'debug' }));
        expect(await owner()).toBe('three');
      });

      test("leaves another's of a newer version, and warns", async () => {
        await alter('99.0.0');
        const notes = await succeed(install('four'));
        expect(notes).toContain('of version 99.0.0 that belongs to the release three/three. It was left as it is');
        expect(await columns()).toEqual([]);
      });

      test('leaves one alone that kubectl has applied, when it is the same', async () => {
        await kubectl('delete', 'crd', crdName, '--ignore-not-found');
        await kubectl('apply', '--server-side', '-f', 'crds');
        await succeed(install('five'));
        expect(await owner()).toBeUndefined();
      });

      test('takes the definition away with it only when it is told to', async () => {
        await kubectl('delete', 'crd', crdName, '--ignore-not-found');
        await succeed(install('six', { crds: { keep: false } }));
        await uninstall('six');
        await kubectl('wait', '--for=delete', `crd/${crdName}`, '--timeout=60s');
      });

      test('puts the data of its Redis on a volume when the cluster has a default StorageClass, and never changes its mind', async () => {
        const trial = { redis: { trial: { enabled: true } } };
        const volumes = async (name: string) =>
          (await json<{ spec: { volumeClaimTemplates?: unknown[] } }>(
            '-n',
            name,
            'get',
            'statefulset',
            `${name}-redis-worker-operator-redis`,
          )).spec.volumeClaimTemplates ?? [];
        await succeed(install('seven', trial));
        expect(await volumes('seven')).toEqual([]);
        const storage = {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'StorageClass',
          metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
          provisioner: 'example.com/disk',
        };
        await succeed(controlPlane.kubectl(['create', '-f', '-'], { stdin: JSON.stringify(storage) }));
        await succeed(install('seven', { ...trial, logLevel: 'debug' }));
        expect(await volumes('seven')).toEqual([]);
        await succeed(install('eight', trial));
        expect(await volumes('eight')).toHaveLength(1);
        await kubectl('delete', 'storageclass', 'standard');
        await succeed(install('eight', { ...trial, logLevel: 'debug' }));
        expect(await volumes('eight')).toHaveLength(1);
      });
    });
  });
});

const takesValues: ReadonlySet<string | undefined> = new Set(['install', 'upgrade']);

/** A copy of the chart whose definition shows no columns. */
async function chartBefore(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
  await cp(chartFolder, folder, { recursive: true });
  const file = join(folder, `files/crds/${crdName}.yaml`);
  const definition = parse(await readFile(file, 'utf8')) as { spec: { versions: object[] } };
  const versions = definition.spec.versions.map((version) => ({ ...version, additionalPrinterColumns: [] }));
  await writeFile(file, stringify({ ...definition, spec: { ...definition.spec, versions } }));
  return folder;
}

function pointer(annotation: string): string {
  return `/metadata/annotations/${annotation.replace('~', '~0').replace('/', '~1')}`;
}

/** Helm 4 applies on the server, which asks before it takes a field from somebody else, as from kubectl patch here. */
function conflicts(which: string): string[] {
  return which === 'helm4' ? ['--force-conflicts'] : [];
}
