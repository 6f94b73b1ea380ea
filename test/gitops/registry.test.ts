/** The chart on an OCI registry: pushed there, shown and installed from there, by Helm 3 and by Helm 4. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crdName } from '../../operator/api/crd.ts';
import { chartFolder, helms } from '../support/chart/helm.ts';
import { tryRun } from '../support/command.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { describeOnCluster } from '../support/control-plane/shared.ts';
import { start, type TestProcess } from '../support/processes.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

let registry: TestProcess;
let address: string;
let folder: string;
/** Of the API server that Helm installs on; none before there is one. */
let kubeconfig = '';

const chartUrl = (): string => `oci://${address}/charts/redis-worker-operator`;

/** Runs Helm with folders of the test's own. @returns its stdout */
async function run(helm: (typeof helms)[number], ...args: readonly string[]): Promise<string> {
  const homes = ['CACHE', 'CONFIG', 'DATA'].map((kind) => [`HELM_${kind}_HOME`, join(folder, helm, kind)]);
  const env = { ...process.env, ...Object.fromEntries(homes), KUBECONFIG: kubeconfig };
  const { code, stdout, stderr } = await tryRun(toolPath(helm), args, { env });
  if (code !== 0) throw new Error(`${helm} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

describeWith('registry', 'helm3', 'helm4')('the chart on an OCI registry', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisworker-chart-'));
    registry = start(toolPath('registry'), []);
    address = await eventually(
      'the registry tells its address',
      () => /^127\.0\.0\.1:\d+$/m.exec(registry.output())?.[0],
    );
    await run('helm3', 'package', chartFolder, '--destination', folder);
  });

  afterAll(async () => {
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(helms)('by %s', (helm) => {
    test('is pushed as one file, and shown from there', async () => {
      const [archive = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
      await run(helm, 'push', join(folder, archive), `oci://${address}/charts`, '--plain-http');
      for (const other of helms) {
        expect(await run(other, 'show', 'chart', chartUrl(), '--plain-http')).toContain('name: redis-worker-operator');
      }
    });

    test('renders from there what it renders from its folder', async () => {
      const values = ['--set', 'redis.url=redis://redis:6379', '--namespace', 'workers'];
      const pulled = await run(helm, 'template', 'rw', chartUrl(), '--plain-http', ...values);
      // Helm 4 tells first what it has pulled.
      expect(pulled.slice(pulled.indexOf('---'))).toBe(await run(helm, 'template', 'rw', chartFolder, ...values));
    });
  });

  describeOnCluster('on an API server of its own', () => {
    let controlPlane: ControlPlane;

    // On the shared one the definition is also in the hands of Flux and of Argo CD, and so are the marks Helm reads on it.
    beforeAll(async () => {
      controlPlane = await startControlPlane({ parts: 'ApiServer' });
      kubeconfig = controlPlane.kubeconfigPath;
    });
    afterAll(() => controlPlane.stop());

    const kubectl = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await controlPlane.kubectl(args);
      expect(code, stderr).toBe(0);
      return stdout;
    };

    test.each(helms)(
      'is installed from there by %s, upgraded and uninstalled, and the definition stays',
      async (helm) => {
        const release = ['rw', chartUrl(), '--plain-http', '--namespace', helm];
        const values = ['--set', `redis.url=redis://redis:6379,watchNamespace=${helm}`];
        expect(await run(helm, 'install', '--create-namespace', ...release, ...values)).toContain('STATUS: deployed');
        const deployment = ['-n', helm, 'get', 'deployment', 'rw-redis-worker-operator', '-o'];
        expect(await kubectl(...deployment, 'jsonpath={.spec.replicas}')).toBe('1');
        await run(helm, 'upgrade', ...release, ...values, '--set', 'replicaCount=2');
        expect(await kubectl(...deployment, 'jsonpath={.spec.replicas}')).toBe('2');
        await run(helm, 'uninstall', 'rw', '--namespace', helm);
        expect(await kubectl('-n', helm, 'get', 'deployments', '-o', 'name')).toBe('');
        await kubectl('get', 'crd', crdName);
      },
    );
  });
});
