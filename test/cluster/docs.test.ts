/** The commands of the docs that need a cluster and no images, as they stand. */
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { files, scenario } from '../support/docs/blocks.ts';
import { openTerminal, run, runBlocks, type Shell } from '../support/docs/shell.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const root = join(import.meta.dirname, '../..');

let namespace: string;
let redis: TestRedis;
let operator: OperatorProcess;
let node: { stop(): Promise<void> };
const folders: string[] = [];

/** A folder with the files of pages, the examples and the programs, and a kubeconfig that means one namespace. */
async function terminal(pages: readonly string[], where = namespace): Promise<Shell> {
  const cwd = await mkdtemp(join(tmpdir(), 'rw-'));
  folders.push(cwd);
  const [bin, kubeconfig] = [join(cwd, 'bin'), join(cwd, 'kubeconfig')];
  await Promise.all([mkdir(bin), mkdir(join(cwd, 'run'), { mode: 0o700 }), copyFile(inject('kubeconfig'), kubeconfig)]);
  await symlink(inject('kubectl'), join(bin, 'kubectl'));
  await symlink(join(root, 'examples'), join(cwd, 'examples'));
  const command = join(bin, 'redisworker');
  await writeFile(command, `#!/bin/sh\nexec ${process.execPath} ${join(root, 'cli/redisworker.js')} "$@"\n`);
  await chmod(command, 0o755);
  for (const { name, text } of pages.flatMap(files)) await writeFile(join(cwd, name), text);
  const shell: Shell = {
    cwd,
    env: {
      HOME: env['HOME'],
      PATH: [bin, env['PATH'] ?? ''].join(delimiter),
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: join(cwd, 'cache'),
      XDG_RUNTIME_DIR: join(cwd, 'run'),
      NO_COLOR: '1',
      REDIS_URL: redis.url,
      REDIS_PASSWORD: redisPassword,
      OPERATOR_FLAGS: '--pod-network Shared',
    },
  };
  const { exitCode, printed } = await run(`kubectl config set-context --current --namespace=${where}`, shell);
  expect(exitCode, printed).toBe(0);
  return shell;
}

/** Runs a scenario of these pages, in their order. */
async function play(name: string, pages: readonly string[]): Promise<string> {
  const found = scenario(name, pages);
  expect(found.length, name).toBeGreaterThan(0);
  return runBlocks(found, await terminal(pages));
}

describeOnCluster('the docs', () => {
  beforeAll(async () => {
    await installCrds();
    [namespace, redis] = await Promise.all([createNamespace('docs'), startGuardedRedis()]);
    [operator, node] = await Promise.all([
      startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace }),
      startTestNode(namespace),
    ]);
  });

  afterAll(async () => {
    await Promise.all([operator.stop(), node.stop()]);
    await redis.stop();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  test('apply the example, watch it, look into it, scale it and change its password', async () => {
    const pages = ['docs/git.md', 'docs/watch.md', 'docs/debug.md', 'docs/scale.md', 'docs/redis.md'];
    const printed = await play('cluster', pages);
    expect(printed).toContain('redisworker.redisworker.dev/demo-worker condition met');
  });

  test('render what is there', () => play('render-live', ['docs/git.md']));

  test('write a handler and try it', () => play('handler', ['docs/handler.md']));

  test('give a worker a Redis of its own', async () => {
    await play('private', ['docs/private-redis.md']);
    // Nobody has that host here: what it is told to be missing is that, and not the Secret.
    await eventually('the worker tells what it waits for', async () => {
      const ready = '{.status.conditions[?(@.type=="Ready")].message}';
      const told = await kubectlOk(['-n', namespace, 'get', 'redisworker', 'private', '-o', `jsonpath=${ready}`]);
      return told.includes('redis.team-a.svc');
    }, 60_000);
  });

  test('let somebody write workers', async () => {
    await applyObjects({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } });
    await play('rights', ['docs/rights.md']);
  });

  test('let go of a worker whose operator is gone', async () => {
    const elsewhere = await createNamespace('docs-orphan');
    await kubectlOk(['-n', elsewhere, 'apply', '-f', join(root, 'examples/demo-worker.yaml')]);
    const held = '{"metadata":{"finalizers":["redisworker.dev/cleanup"]}}';
    await kubectlOk(['-n', elsewhere, 'patch', 'rw', 'demo-worker', '--type=merge', '-p', held]);
    await runBlocks(scenario('orphan', ['docs/uninstall.md']), await terminal([], elsewhere));
    expect(await kubectlOk(['-n', elsewhere, 'get', 'rw', '-o', 'name'])).toBe('');
  });

  test('run the operator outside the cluster', async () => {
    const [install, ...more] = scenario('operator', ['docs/install.md']);
    const shell = { ...await terminal([]), cwd: root };
    await runBlocks([install!], shell);
    const outside = openTerminal(more[0]!, shell);
    try {
      await eventually('the operator reconciles', () => outside.output().includes('the operator reconciles'), 60_000);
    } finally {
      await outside.interrupt();
    }
  });
});
