/** What an admin meets first: the packaged chart, installed with nothing set, on a network that enforces policies. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hatsWorker } from '../support/gen.ts';
import { type Helm, openHelm } from '../support/node/helm.ts';
import { importDefaultImages } from '../support/node/product-images.ts';
import { hasCrd, openRelease, type Release, releaseName, removeCrd } from '../support/node/release.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { patienceMs } from '../support/node/site.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

/** The one value that is set: images have the names the chart gives them. */
const trial = ['--set', 'redis.trial.enabled=true'];

describeOnNode('the packaged chart', () => {
  for (const version of ['helm3', 'helm4'] as const) {
    describeWith(version)(`with ${version}`, () => {
      let helm: Helm;
      let release: Release;

      beforeAll(async () => {
        const node = sharedNode();
        [helm] = await Promise.all([openHelm(toolPath(version), node), importDefaultImages(node), removeCrd(node)]);
        release = await openRelease(node, version);
      });
      afterAll(async () => {
        await release.deleteWorkers();
        await helm.try('uninstall', releaseName, ...release.where, '--wait', '--timeout=120s');
        await helm.close();
      });

      test('installs with nothing set but the trial Redis, and tells the next commands', async () => {
        const timeout = `--timeout=${patienceMs / 1000}s`;
        const told = await helm.ok(
          'install',
          releaseName,
          helm.packaged,
          ...release.where,
          ...trial,
          '--wait',
          timeout,
        );
        expect(told).toContain(`kubectl -n ${release.namespace} rollout status deployment/${releaseName}`);
        await release.kubectl('rollout', 'status', `deployment/${releaseName}`, '--timeout=60s');
      });

      test('runs an example that is applied, behind a policy that was proven to hold', async () => {
        await release.kubectl('apply', '-f', 'examples/demo-worker.yaml');
        await release.ready('demo-worker');
        // An operator that has just started takes seconds to know that it reaches its canary itself.
        await eventually('the policy is proven', async () => {
          const { status } = await release.worker('demo-worker');
          const proven = status?.conditions?.find(({ type }) => type === 'NetworkPolicyEnforced');
          return proven?.status === 'True' && proven.reason === 'Refused';
        }, 60_000);
      });

      test('has the command line in the pod of the operator, which knows its Redis and its workers', async () => {
        expect(await release.inOperator('redisworker', 'status')).toMatch(/^demo-worker\s+True\s+2\/2/m);
        const asked = await release.inOperator('redisworker', 'send', 'demo-worker', '{"name":"Ada"}');
        expect(asked).toContain('Hello, Ada!');
        expect(await release.inOperator('redisworker', 'dead', 'list', 'demo-worker')).toMatch(/no dead letters|^$/i);
      });

      test('runs a task of a list, which the command line of its operator pushes', async () => {
        await release.kubectl('apply', '-f', 'examples/rhai.yaml');
        await release.ready('pricing');
        const send = ['redisworker', 'send', 'pricing', '--rhai', 'gross(10.0)', '--namespace', release.namespace];
        expect(await release.inOperator(...send)).toMatch(/^12\.0$/m);
        await release.kubectl('delete', 'rw/pricing', '--timeout=120s');
      });

      test('calls a module, each in a process of its own, by the command line of its operator', async () => {
        await release.kubectl('apply', '-f', 'examples/modules.yaml');
        await release.ready('modules');
        const call = ['redisworker', 'call', 'modules', 'greeting.hello', '["Ada"]', '--namespace', release.namespace];
        expect(await release.inOperator(...call)).toContain('Hello Ada, visit 1');
        await release.kubectl('delete', 'rw/modules', '--timeout=120s');
      });

      test('runs scripts, which the command line of its operator lists, has run at once, and switches', async () => {
        const inline = 'var calls = 0; function main() { calls = calls + 1; console.log("call", calls); }';
        const threads = [{ name: 'talk.js', hang: '1h', source: { inline } }];
        const chores = hatsWorker('chores', { hats: { threads } });
        await release.node.apply({ ...chores, metadata: { ...chores.metadata, namespace: release.namespace } });
        await release.ready('chores');
        const hats = (word: string, ...words: string[]) =>
          release.inOperator('redisworker', 'hats', word, 'chores', ...words, '--namespace', release.namespace);
        await eventually('it runs', async () => /talk\.js +running +enabled/.test(await hats('list')), patienceMs);
        expect(await hats('run', 'talk.js')).toMatch(/^call \d+$/m);
        expect(await hats('disable', 'talk.js')).toContain('chores:Threads:talk.js is disabled');
        await eventually(
          'it has stopped',
          async () => /^State +stopped$/m.test(await hats('show', 'talk.js')),
          patienceMs,
        );
        await release.kubectl('delete', 'rw/chores', '--timeout=120s');
      });

      test('asks a worker when it is told to test itself, and takes it away again', async () => {
        const told = await helm.ok('test', releaseName, ...release.where, '--timeout=180s');
        expect(told).toMatch(/Phase:\s+Succeeded/);
        expect(await release.list('pods', '-l', 'app.kubernetes.io/component=test')).toEqual([]);
        await eventually(
          'its worker is gone',
          async () => (await release.list('rw')).map(({ metadata }) => metadata.name).join() === 'demo-worker',
          patienceMs,
        );
      });

      test.each([
        ['replicaCount=many', /replicaCount.*(integer|string)/s],
        ['logLevel=loud', /logLevel.*(debug|one of)/s],
        ['redis.trial.enable=true', /enable.*(not allowed|additional)/is],
        ['redis.url=redis://r:6379', /redis\.url and redis\.trial\.enabled: .*give one of the two/],
      ])('refuses %s in words, and leaves the release as it is', async (value, words) => {
        const { code, stderr } = await helm.try(
          'upgrade',
          releaseName,
          helm.packaged,
          ...release.where,
          ...trial,
          '--set',
          value,
        );
        expect(code).not.toBe(0);
        expect(stderr).toMatch(words);
        const history = JSON.parse(await helm.ok('history', releaseName, ...release.where, '-o', 'json')) as object[];
        expect(history).toMatchObject([{ revision: 1, status: 'deployed' }]);
      });

      test('is uninstalled without the workers, and without the kind they are of', async () => {
        await helm.ok('uninstall', releaseName, ...release.where, '--wait', '--timeout=120s');
        expect(await hasCrd(release.node)).toBe(true);
        expect((await release.list('rw')).map(({ metadata }) => metadata.name)).toEqual(['demo-worker']);
        const { status } = (await release.list<{ status: { phase: string } }>(
          'pods',
          '-l',
          'redisworker.dev/name=demo-worker',
        ))[0]!;
        expect(status.phase).toBe('Running');
        // Its finalizer is an operator's to take off, and there is none any more.
        const finalizers = JSON.stringify({ metadata: { finalizers: null } });
        await release.kubectl('patch', 'rw', 'demo-worker', '--type=merge', '-p', finalizers);
      });
    });
  }
});
