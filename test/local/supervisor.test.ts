import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import {
  findFreePorts,
  type LocalCluster,
  type LogLine,
  type Node,
  openLocalCluster,
  startNode,
} from '../../operator/cluster/local/index.ts';
import { freePort, start } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const denoPath = resolve('node_modules/.bin/deno');

let dir: string;
let cluster: LocalCluster;
let node: Node;
let lines: LogLine[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'node-'));
  await mkdir(join(dir, 'image'));
  await writeFile(join(dir, 'image/hello.ts'), 'console.log("from the image");');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

beforeEach(async () => {
  lines = [];
  cluster = await openLocalCluster({ log: quiet, nodeName: 'laptop' });
  node = await startNode({
    cluster,
    nodeName: 'laptop',
    imageRoot: join(dir, 'image'),
    denoPath,
    searchPath: '/usr/bin:/bin',
    dataDir: join(dir, 'node'),
    log: quiet,
    onLog: (line) => lines.push(line),
    backOff: { initialMs: 50, maxMs: 100 },
    configRetryMs: 50,
  });
});
afterEach(async () => {
  await node.stop();
  await cluster.close();
});

interface ContainerStatus {
  ready: boolean;
  restartCount: number;
  state: Record<string, Record<string, unknown>>;
  lastState?: { terminated: Record<string, unknown> };
}
interface PodStatus {
  phase: string;
  podIP: string;
  conditions: { type: string; status: string; message?: string }[];
  containerStatuses: ContainerStatus[];
}

function podRef(name: string) {
  return { namespace: 'default', name };
}

/** A pod that runs one Deno program. */
function run(name: string, program: string, container: object = {}, spec: object = {}): Promise<KubeObject> {
  return cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podRef(name),
    spec: {
      nodeName: 'laptop',
      containers: [{ name: 'main', command: ['deno', 'eval', program], ...container }],
      ...spec,
    },
  }, 'redisworker');
}

const statusOf = async (name: string) =>
  (await cluster.get(resources.pods, podRef(name)))?.status as PodStatus | undefined;
const containerOf = async (name: string) => (await statusOf(name))?.containerStatuses[0];
const outputOf = (name: string) => lines.filter(({ pod }) => pod.name === name).map(({ line }) => line);
const said = (name: string, count = 1) =>
  eventually(`${name} wrote ${count} lines`, () => outputOf(name).length >= count && outputOf(name));
const isReady = (name: string) => eventually(`${name} is ready`, async () => (await containerOf(name))?.ready);
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) || ((): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  })();

const forever = 'setInterval(() => {}, 1e6);';

test('the environment is what the pod lists, with fields, secrets and variables resolved', async () => {
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata: podRef('s'), stringData: { password: 'p$(B)' } },
    'user',
  );
  await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: podRef('c'), data: { k: 'v' } }, 'user');
  const env = [
    { name: 'A', value: 'one' },
    { name: 'B', value: '$(A)-two' },
    { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } },
    { name: 'CONFIG', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
    { name: 'NONE', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
  ];
  const { metadata } = await run('env', `console.log(JSON.stringify(Deno.env.toObject()));${forever}`, { env });
  const [line = ''] = await said('env');
  const { PATH, HOME, TMPDIR, DENO_DIR, ...rest } = JSON.parse(line) as Record<string, string>;
  expect(rest).toEqual({
    A: 'one',
    B: 'one-two',
    NAME: 'env',
    UID: metadata.uid,
    IP: '127.0.0.1',
    SECRET: 'p$(B)',
    CONFIG: 'v',
  });
  expect([HOME, TMPDIR, DENO_DIR].every((path) => path?.startsWith(join(dir, 'node')))).toBe(true);
  expect(PATH).toContain('/usr/bin');
});

test('volumes are private read-only files that the paths of the command lead to, and go with the pod', async () => {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: podRef('s'),
    stringData: { k: 'secret' },
  }, 'user');
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: podRef('c'), data: { 'a.ts': 'module' } },
    'user',
  );
  const program = `
    const [source, secret, scratch] = Deno.args;
    Deno.writeTextFileSync(scratch + '/x', 'y');
    const mode = (path) => (Deno.statSync(path).mode & 0o777).toString(8);
    console.log(JSON.stringify([Deno.readTextFileSync(source + '/a.ts'), [...Deno.readDirSync(secret)].map((f) => f.name), Deno.readTextFileSync(secret + '/k'), mode(secret + '/k'), mode(secret), mode(source + '/a.ts')]));
    ${forever}`;
  await writeFile(join(dir, 'image/volumes.ts'), program);
  await run('volumes', '', {
    command: [
      'deno',
      'run',
      '--allow-read=/run/redisworker',
      '--allow-write=/tmp',
      '/redisworker/volumes.ts',
      '/run/redisworker/source',
      '/run/redisworker/secret',
      '/tmp',
    ],
    volumeMounts: [{ name: 'source', mountPath: '/run/redisworker/source' }, {
      name: 'secret',
      mountPath: '/run/redisworker/secret',
    }, { name: 'scratch', mountPath: '/tmp' }],
  }, {
    volumes: [
      { name: 'source', configMap: { name: 'c' } },
      { name: 'secret', secret: { secretName: 's', defaultMode: 0o400 } },
      { name: 'scratch', emptyDir: {} },
    ],
  });
  expect(JSON.parse((await said('volumes'))[0]!)).toEqual(['module', ['k'], 'secret', '400', '700', '444']);
  expect(readdirSync(join(dir, 'node/pods'))).toHaveLength(1);
  await cluster.delete(resources.pods, podRef('volumes'));
  await eventually('its folder is gone', () => readdirSync(join(dir, 'node/pods')).length === 0);
});

const server = `
  const listen = (text) => ({ hostname: text.split(':')[0], port: Number(text.split(':')[1]) });
  let ready = true;
  Deno.serve({ ...listen(Deno.env.get('HEALTH_ADDRESS')), onListen: ({ port }) => console.log('port ' + port) }, (request) => {
    if (request.url.endsWith('/toggle')) ready = !ready;
    if (request.url.endsWith('/die')) Deno.exit(1);
    return new Response('', { status: request.url.endsWith('/readyz') && !ready ? 503 : 200 });
  });`;
const serving = {
  env: [{ name: 'HEALTH_ADDRESS', value: '0.0.0.0:8085' }],
  ports: [{ name: 'health', containerPort: 8085 }],
  readinessProbe: { httpGet: { path: '/readyz', port: 'health' }, periodSeconds: 1, failureThreshold: 1 },
};

test('two pods that declare the same port run side by side, and readiness follows the probe', async () => {
  await Promise.all(['left', 'right'].map((name) => run(name, server, serving)));
  await Promise.all([isReady('left'), isReady('right')]);
  const ports = ['left', 'right'].map((name) => Number(/port (\d+)/.exec(outputOf(name).join())![1]));
  expect(new Set([...ports, 8085]).size).toBe(3);
  expect(await statusOf('left')).toMatchObject({
    phase: 'Running',
    podIP: '127.0.0.1',
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]),
  });
  await fetch(`http://127.0.0.1:${ports[0]}/toggle`);
  const notReady = await eventually(
    'left is not ready',
    async () => (await statusOf('left'))?.conditions.find(({ type, status }) => type === 'Ready' && status === 'False'),
  );
  expect(notReady.message).toBe('GET /readyz answered 503');
  expect((await containerOf('right'))!.ready).toBe(true);
});

test('a port of a pod is none that a connection of this machine may be given meanwhile', async () => {
  const ports = await findFreePorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(ports.filter((port) => port < 10_000 || port >= 32_768)).toEqual([]);
});

test('two pods that ask for the same debugger port get one each, and the first gets the one it asked for', async () => {
  const wanted = await freePort();
  const command = ['deno', 'run', `--inspect=127.0.0.1:${wanted}`, '/redisworker/waits.ts'];
  await writeFile(join(dir, 'image/waits.ts'), `console.log('runs');${forever}`);
  const ports: number[] = [];
  for (const name of ['first', 'second']) {
    await run(name, '', { command });
    const listening = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/;
    ports.push(
      Number(await eventually(`${name} has a debugger`, () => listening.exec(outputOf(name).join('\n'))?.[1])),
    );
    await eventually(`${name} runs`, () => outputOf(name).includes('runs'));
  }
  expect(ports[0]).toBe(wanted);
  expect(ports[1]).toBeGreaterThan(wanted);
});

test('a crash waits longer each time, counts, and keeps what the program said last', async () => {
  await run('crash', 'console.error("cannot go on"); Deno.exit(7);');
  const status = await eventually('three restarts', async () => {
    const container = await containerOf('crash');
    return container && container.restartCount >= 3 && container.state['waiting'] && container;
  });
  expect(status.lastState!.terminated).toMatchObject({ exitCode: 7, reason: 'Error', message: 'cannot go on' });
  expect(status.state['waiting']).toMatchObject({ reason: 'CrashLoopBackOff' });
  const waits = cluster.events().filter(({ reason }) => reason === 'BackOff').map(({ message }) =>
    message.replace(/.*again in /, '')
  );
  expect(waits.slice(0, 2)).toEqual(['0.05 s.', '0.1 s.']);
});

test('a program killed by a signal is told with the signal', async () => {
  await run('killed', 'Deno.kill(Deno.pid, "SIGKILL");');
  expect((await eventually('it ended', async () => (await containerOf('killed'))?.lastState)).terminated).toMatchObject(
    { exitCode: 137, signal: 9, reason: 'Error' },
  );
});

test('a program that does not exist is told, not thrown', async () => {
  await run('absent', '', { command: ['/no/such/program'] });
  expect((await eventually('it ended', async () => (await containerOf('absent'))?.lastState)).terminated).toMatchObject(
    { reason: 'StartError', message: expect.stringContaining('/no/such/program') },
  );
});

test('a liveness probe that fails starts the container again', async () => {
  await run('hung', server, {
    ...serving,
    livenessProbe: { httpGet: { path: '/readyz', port: 8085 }, periodSeconds: 1, failureThreshold: 1 },
  });
  await isReady('hung');
  await fetch(`http://127.0.0.1:${/port (\d+)/.exec(outputOf('hung').join())![1]}/toggle`);
  await eventually('it was started again', async () => ((await containerOf('hung'))?.restartCount ?? 0) >= 1);
  await isReady('hung');
});

test('a pod waits for a missing Secret, says which, and starts once it is there', async () => {
  await run('waits', `console.log(Deno.env.get('S'));${forever}`, {
    env: [{ name: 'S', valueFrom: { secretKeyRef: { name: 'later', key: 'k' } } }],
  });
  const waiting = await eventually(
    'it waits',
    async () =>
      (await containerOf('waits'))?.state['waiting']?.['reason'] === 'CreateContainerConfigError' &&
      (await containerOf('waits')),
  );
  expect(waiting.state['waiting']!['message']).toBe(
    'Secret "later" was not found in namespace default; create it, the container starts then.',
  );
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata: podRef('later'), stringData: { other: '1' } },
    'user',
  );
  await eventually(
    'the missing key is named',
    async () => String((await containerOf('waits'))?.state['waiting']?.['message']).includes('has no key "k"'),
  );
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata: podRef('later'), stringData: { k: 'here' } },
    'user',
  );
  expect(await said('waits')).toEqual(['here']);
});

test('a folder that cannot be written is told with its path, and the pod starts once it can', async () => {
  await rm(join(dir, 'node/pods'), { recursive: true, force: true });
  await writeFile(join(dir, 'node/pods'), 'in the way');
  await run('blocked', `console.log('runs');${forever}`);
  const waiting = await eventually(
    'it is told',
    async () => (await containerOf('blocked'))?.state['waiting']?.['message'],
  );
  expect(waiting).toContain(`Files below ${join(dir, 'node/pods')}/`);
  await rm(join(dir, 'node/pods'));
  expect(await said('blocked')).toEqual(['runs']);
});

test('a pod this node cannot run says every reason', async () => {
  await run('odd', '', { envFrom: [{}] }, { initContainers: [{}] });
  const waiting = await eventually(
    'it is refused',
    async () => (await containerOf('odd'))?.state['waiting']?.['message'],
  );
  expect(waiting).toBe(
    'spec.containers.0.envFrom: envFrom is not read on this node; list the variables in env; spec.initContainers: this node runs no init containers',
  );
});

test('deleting ends a process that ignores SIGTERM, with its children, and then the pod object', async () => {
  const program = `
    Deno.addSignalListener('SIGTERM', () => console.log('ignored'));
    const child = new Deno.Command('sleep', { args: ['1000'] }).spawn();
    console.log(Deno.pid + ' ' + child.pid);${forever}`;
  await run('stubborn', program, {}, { terminationGracePeriodSeconds: 1 });
  const pids = (await said('stubborn'))[0]!.split(' ').map(Number);
  expect(pids.map(isAlive)).toEqual([true, true]);
  await cluster.delete(resources.pods, podRef('stubborn'));
  await eventually(
    'the pod is gone',
    async () => (await cluster.get(resources.pods, podRef('stubborn'))) === undefined,
  );
  expect(outputOf('stubborn')).toContain('ignored');
  await eventually('both processes are gone', () => !pids.some(isAlive));
});

test('SIGTERM goes to the process of the container alone, which may still hear of its children', async () => {
  const program = `
    const child = new Deno.Command('cat', { stdin: 'piped', stdout: 'piped' }).spawn();
    Deno.addSignalListener('SIGTERM', async () => {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode('the last words'));
      await writer.close();
      console.log(await new Response(child.stdout).text());
      Deno.exit(0);
    });
    console.log('begun');${forever}`;
  await run('parent', program);
  expect(await said('parent')).toEqual(['begun']);
  await cluster.delete(resources.pods, podRef('parent'));
  await eventually('the pod is gone', async () => (await cluster.get(resources.pods, podRef('parent'))) === undefined);
  expect(outputOf('parent')).toContain('the last words');
});

test('stopping the node ends every container and keeps the pods for the next node', async () => {
  await run('stays', `console.log(Deno.pid);${forever}`);
  const pid = Number((await said('stays'))[0]);
  await isReady('stays');
  await node.stop();
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(join(dir, 'node/pods'))).toBe(false);
  expect(await statusOf('stays')).toMatchObject({
    phase: 'Running',
    containerStatuses: [{ ready: false, state: { terminated: { exitCode: 143 } } }],
  });
});

test('a container that outlived a crashed node is ended by the next one, and a living node is not disturbed', async () => {
  const dataDir = join(dir, 'crashed');
  const program = `
    import { openLocalCluster, startNode } from ${JSON.stringify(resolve('operator/cluster/local/index.ts'))};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const cluster = await openLocalCluster({ log, nodeName: 'n' });
    await startNode({ cluster, nodeName: 'n', imageRoot: '/', denoPath: ${
    JSON.stringify(denoPath)
  }, searchPath: '/usr/bin:/bin', dataDir: ${JSON.stringify(dataDir)}, log, onLog: ({ line }) => console.log(line) });
    const containers = [{ name: 'c', command: ['deno', 'eval', 'console.log(Deno.pid); setInterval(() => {}, 1e6)'] }];
    await cluster.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n', containers } }, 'redisworker');`;
  await writeFile(join(dir, 'agent.ts'), program);
  const agent = start(process.execPath, [join(dir, 'agent.ts')]);
  const pid = Number(await eventually('the container runs', () => /^\d+$/m.exec(agent.output())?.[0]));
  const options = { cluster, nodeName: 'next', imageRoot: dir, denoPath, searchPath: '/usr/bin', dataDir, log: quiet };
  await expect(startNode(options)).rejects.toThrow(`is in use by process ${agent.pid}`);
  agent.child.kill('SIGKILL');
  await agent.ended;
  expect(isAlive(pid)).toBe(true);
  const next = await startNode(options);
  await eventually('the container is gone', () => !isAlive(pid));
  await next.stop();
});
