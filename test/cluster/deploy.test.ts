/** `redisworker deploy` on a real API server, with the test in the place of the operator. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { moduleBundler } from '../../cli/bundle-module.ts';
import { deploy, type DeployOptions } from '../../cli/deploy.ts';
import {
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectl,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { noise } from '../support/large-code.ts';
import { testIo } from '../support/io.ts';
import { eventually } from '../support/wait.ts';

const bundle = moduleBundler({ environment: process.env, check: false });

const manifest = (count: number) =>
  `apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: greet
spec:
  source:
    file: greet.ts
  consumers:
    count: ${count}
`;

describeOnCluster('redisworker deploy', () => {
  let folder: string;
  let namespace: string;
  const file = (name: string) => join(folder, name);
  const get = async (what: string, path: string) =>
    (await kubectl(['get', '-n', namespace, what, '-o', `jsonpath={${path}}`])).stdout;

  beforeAll(async () => {
    await installCrds();
    folder = await mkdtemp(join(tmpdir(), 'redisworker-deploy-'));
    namespace = await createNamespace('deploy');
    await writeFile(file('greet.ts'), "export default () => 'Hello';\n");
    await writeFile(file('greet.yaml'), manifest(1));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function deployed(more: Partial<DeployOptions> = {}): Promise<{ code: unknown; out: string; err: string }> {
    const io = testIo();
    const code = await deploy(
      {
        files: [file('greet.yaml')],
        settings: {},
        namespace,
        kubeconfig: inject('kubeconfig'),
        timeoutSeconds: 120,
        force: false,
        ...more,
      },
      bundle,
      io,
    ).catch((error: unknown) => String(error));
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  }

  /** Says of the worker of a generation what the operator would. */
  async function say(
    generation: number,
    condition: { type: string; status: string; reason: string; message: string },
    worker = 'greet',
    more: object = {},
  ) {
    await eventually(
      'the worker is applied',
      async () => Number(await get(`rw/${worker}`, '.metadata.generation')) === generation,
      60_000,
    );
    const conditions = [{
      ...condition,
      lastTransitionTime: new Date().toISOString(),
      observedGeneration: generation,
    }];
    const status = { status: { observedGeneration: generation, conditions, ...more } };
    const patch = ['--type=merge', '-p', JSON.stringify(status)];
    await kubectlOk(['patch', `rw/${worker}`, '-n', namespace, '--subresource=status', ...patch]);
  }

  test('applies nothing when one of the documents cannot be built', async () => {
    await writeFile(file('wrong.yaml'), manifest(1).replace('greet.ts', 'absent.ts').replace('greet', 'wrong'));
    const { code, err } = await deployed({ files: [file('greet.yaml'), file('wrong.yaml')] });
    expect(code).toBe(1);
    expect(err).toContain('there is no file');
    expect(await get('rw,cm', '.items[*].metadata.name')).not.toMatch(/greet|wrong/);
  });

  test('applies the code and then the worker, and waits until it is ready', async () => {
    const [done] = await Promise.all([
      deployed(),
      say(1, { type: 'Ready', status: 'True', reason: 'Ready', message: 'the one consumer is ready' }),
    ]);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(
      new RegExp(
        `^✓ ConfigMap ${namespace}/greet-code-[0-9a-f]{12} is applied\n✓ RedisWorker ${namespace}/greet is applied\n✓ greet is ready: the one consumer is ready$`,
      ),
    );
    const name = /greet-code-[0-9a-f]{12}/.exec(done.out)![0];
    expect(await get('rw/greet', '.spec.source.bundle.configMaps[*]')).toBe(name);
    expect(await get(`cm/${name}`, '.immutable')).toBe('true');
  });

  test('changes nothing when it is done again', async () => {
    const before = await get('rw/greet', '.metadata.resourceVersion');
    expect(await deployed()).toMatchObject({ code: 0, err: '' });
    expect(await get('rw/greet', '.metadata.resourceVersion')).toBe(before);
  });

  test('leaves of former code what the worker may go back to, and deletes what is older', async () => {
    const codeOf = async () =>
      (await get('cm', '.items[*].metadata.name')).split(' ').filter((one) => /code/.test(one));
    const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: 'the one consumer is ready' };
    const deployedAs = async (generation: number, word: string) => {
      await writeFile(file('greet.ts'), `export default () => '${word}';\n`);
      const [done] = await Promise.all([deployed(), say(generation, ready)]);
      expect(done).toMatchObject({ code: 0, err: '' });
      return done.out;
    };
    const [first] = await codeOf();
    await deployedAs(2, 'Salut');
    await deployedAs(3, 'Hola');
    expect(await codeOf()).toHaveLength(3);
    expect(await deployedAs(4, 'Ciao')).toContain(`ConfigMap ${namespace}/${first} is deleted`);
    expect(await codeOf()).toHaveLength(3);
    expect(await codeOf()).not.toContain(first);
  });

  test('leaves what others have written, and says how to take it over', async () => {
    await kubectlOk(['patch', 'rw/greet', '-n', namespace, '--type=merge', '-p', '{"spec":{"consumers":{"count":2}}}']);
    await writeFile(file('greet.yaml'), manifest(3));
    const { code } = await deployed();
    expect(code).toContain('.spec.consumers.count');
    expect(code).toContain('--force-conflicts');
    expect(await get('rw/greet', '.spec.consumers.count')).toBe('2');
  });

  test('says why a worker cannot run, with reason and line', async () => {
    const stalled = {
      type: 'Stalled',
      status: 'True',
      reason: 'InvalidSpec',
      message: 'spec.consumers.count is too many',
    };
    const [done] = await Promise.all([deployed({ force: true }), say(6, stalled)]);
    expect(done.code).toBe(1);
    expect(done.err).toMatch(
      new RegExp(`greet\\.yaml:9: RedisWorker ${namespace}/greet: InvalidSpec: spec\\.consumers\\.count is too many$`),
    );
  });

  test('does not wait for code that ends again and again', async () => {
    await writeFile(file('crash.ts'), "throw new Error('out of luck');\n");
    const failing = {
      type: 'Ready',
      status: 'False',
      reason: 'ConsumersFailing',
      message: '0 of 1 consumers are ready; consumer "1" fails: out of luck',
    };
    const consumers = [{ id: '1', state: 'Failing', reason: 'CrashLoopBackOff', restarts: 2 }];
    const [done] = await Promise.all([
      deployed({ files: [file('crash.ts')], timeoutSeconds: 3600 }),
      say(1, failing, 'crash', { consumers }),
    ]);
    expect(done).toMatchObject({ code: 1 });
    expect(done.err).toContain('ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: out of luck');
  });

  test('brings a module that no ConfigMap holds in several', async () => {
    await writeFile(file('large.ts'), `export default () => '${noise(2_500_000)}';\n`);
    const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: 'the one consumer is ready' };
    const [done] = await Promise.all([deployed({ files: [file('large.ts')] }), say(1, ready, 'large')]);
    expect(done).toMatchObject({ code: 0, err: '' });
    const names = (await get('rw/large', '.spec.source.bundle.configMaps[*]')).split(' ');
    expect(names.map((name) => name.replace(/[0-9a-f]{12}/, 'x'))).toEqual(['large-code-x-1', 'large-code-x-2']);
    expect(await get(`cm/${names[0]}`, '.immutable')).toBe('true');
  });
});
