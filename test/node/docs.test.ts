/** The commands of the docs that install the chart, as they stand, on a node with the images. */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { env } from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { codeCache } from '../support/code-cache.ts';
import { scenario } from '../support/docs/blocks.ts';
import { playOnLaptop } from '../support/docs/five-commands.ts';
import { run, runBlocks, type Shell } from '../support/docs/shell.ts';
import { images } from '../support/node/images.ts';
import { pod, service } from '../support/node/manifests.ts';
import type { Node } from '../support/node/node.ts';
import { importDefaultImages } from '../support/node/product-images.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

const root = join(import.meta.dirname, '../..');
const crd = 'redisworkers.redisworker.dev';
/** The namespace of the docs. */
const namespace = 'redisworker';
const password = 'of the docs';

let node: Node;
let folder: string;
let shell: Shell;

/** Runs a scenario of a page. */
async function play(name: string, page: string): Promise<string> {
  const found = scenario(name, [page]);
  expect(found.length, `${name} in ${page}`).toBeGreaterThan(0);
  return runBlocks(found, shell);
}

/** As on a cluster that has never heard of workers. */
async function clear(): Promise<void> {
  if ((await node.kubectl(['get', 'crd', crd])).code === 0) {
    const listed = await node.kubectlOk(['get', 'rw', '-A', '-o', 'json']);
    const { items } = JSON.parse(listed) as { items: { metadata: { namespace: string; name: string } }[] };
    for (const { metadata } of items) {
      const worker = ['-n', metadata.namespace, 'rw', metadata.name];
      await node.kubectl(['delete', ...worker, '--wait=false']);
      await node.kubectl(['patch', ...worker, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    }
  }
  await runIn(`helm uninstall redis-worker-operator --namespace ${namespace} --ignore-not-found --wait`);
  await node.kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s']);
  await node.kubectl(['delete', 'crd', crd, '--ignore-not-found', '--timeout=120s']);
}

const runIn = (commands: string): Promise<string> =>
  runBlocks([
    { page: 'test', line: 1, scenario: 'clear', inAnotherTerminal: false, commands, output: undefined },
  ], shell);

describeOnNode('the docs', () => {
  describeWith('helm4')('with Helm', () => {
    beforeAll(async () => {
      node = sharedNode();
      folder = await mkdtemp(join(tmpdir(), 'rw-docs-'));
      const bin = join(folder, 'bin');
      await mkdir(bin);
      await symlink(node.kubectlPath, join(bin, 'kubectl'));
      await symlink(toolPath('helm4'), join(bin, 'helm'));
      await symlink(join(root, 'cli/redisworker.js'), join(bin, 'redisworker'));
      const path = [bin, env['PATH'] ?? ''].join(delimiter);
      const redisUrl = 'redis://own-redis.default.svc:6379/0';
      shell = {
        cwd: root,
        deadlineMs: 400_000,
        env: {
          PATH: path,
          HOME: folder,
          KUBECONFIG: node.kubeconfigPath,
          REDIS_URL: redisUrl,
          REDIS_PASSWORD: password,
        },
      };
      await importDefaultImages(node);
    }, 600_000);
    beforeEach(clear, 400_000);
    afterEach(clear, 400_000);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    test('the commands of the README end in workers that are ready', { timeout: 900_000 }, async () => {
      expect(await play('install', 'README.md')).toContain('redisworker.redisworker.dev/demo-worker condition met');
      await play('node', 'docs/debug.md');
      await fiveCommands();
      await play('remove', 'docs/uninstall.md');
      expect((await node.kubectl(['get', 'crd', crd])).code).not.toBe(0);
    });

    test('it is installed, tested, upgraded, rolled back and uninstalled, and its pods go on', {
      timeout: 900_000,
    }, async () => {
      await play('install', 'docs/install.md');
      const pods = await podsOf('demo-worker');
      await play('upgrade', 'docs/upgrade.md');
      await play('uninstall', 'docs/uninstall.md');
      expect(await podsOf('demo-worker')).toEqual(pods);
      expect(pods).not.toBe('');
    });

    test('it uses a Redis that is there, with its login', { timeout: 600_000 }, async () => {
      await node.apply(
        pod({
          namespace: 'default',
          name: 'own-redis',
          image: images.redis,
          args: ['--requirepass', password, '--user', 'redisworker', 'on', `>${password}`, '~*', '&*', '+@all'],
          port: 6379,
        }),
        service('default', 'own-redis', 6379, 6379),
      );
      await play('install-own-redis', 'docs/install.md');
      await node.kubectlOk(['apply', '-f', join(root, 'examples/demo-worker.yaml')]);
      await eventually('the worker is ready', async () => {
        const wait = ['wait', '--for=condition=Ready', 'rw/demo-worker', '--timeout=20s'];
        return (await node.kubectl(wait)).code === 0;
      }, 180_000);
      await node.kubectl(['delete', 'pod/own-redis', 'service/own-redis', '--wait=false']);
    });
  });
});

/** From `init` on the laptop, which has a Redis of its own, to a pod here. */
async function fiveCommands(): Promise<void> {
  const cwd = await mkdtemp(join(folder, 'five-'));
  const cache = dirname(dirname(codeCache()));
  const env = { ...shell.env, XDG_RUNTIME_DIR: cwd, XDG_CACHE_HOME: cache, REDIS_URL: undefined };
  const here = { ...shell, cwd, env };
  await playOnLaptop(here);
  await runBlocks(scenario('five-deploy', ['README.md']), here);
  const { printed } = await run(`redisworker send hello '{"name":"Ada"}' --namespace default`, here);
  expect(printed).toContain('Good morning, Ada!');
}

/** UIDs and restarts of the pods of a worker, sorted. */
async function podsOf(worker: string): Promise<string> {
  const path = '{range .items[*]}{.metadata.uid}={.status.containerStatuses[0].restartCount}{"\\n"}{end}';
  const found = await node.kubectlOk(['get', 'pods', '-l', `redisworker.dev/name=${worker}`, '-o', `jsonpath=${path}`]);
  return found.split('\n').sort().join(' ').trim();
}
