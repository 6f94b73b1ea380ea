/** The node agent on a real API server: the real scheduler gives it pods, the real controllers see their status. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { connectKubernetes, type KubernetesCluster } from '../../operator/cluster/kubernetes/index.ts';
import { type LogLine, type Node, startNode } from '../../operator/cluster/local/index.ts';
import { applyObjects, createNamespace, describeOnCluster, kubectlOk } from '../support/control-plane/shared.ts';
import { registerNode } from '../support/node-registration.ts';
import { eventually } from '../support/wait.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const nodeName = `node-${process.pid}`;

let namespace: string;
let dir: string;
let cluster: KubernetesCluster;
let node: Node;
let unregister: () => Promise<void>;
const lines: LogLine[] = [];

const program = `
  const [hostname, port] = Deno.env.get('HEALTH_ADDRESS').split(':');
  console.log(Deno.env.get('POD_NAME') + ' ' + Deno.readTextFileSync(Deno.args[0] + '/text') + ' ' + Deno.pid);
  Deno.serve({ hostname, port: Number(port), onListen() {} }, () => new Response('ok'));`;

function deployment(): KubeObject {
  const labels = { app: 'echo' };
  const container = {
    name: 'main',
    image: 'local',
    command: ['deno', 'eval', program, '/run/config'],
    env: [{ name: 'HEALTH_ADDRESS', value: '0.0.0.0:8085' }, {
      name: 'POD_NAME',
      valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
    }],
    ports: [{ name: 'health', containerPort: 8085 }],
    readinessProbe: { httpGet: { path: '/', port: 'health' }, periodSeconds: 1 },
    volumeMounts: [{ name: 'config', mountPath: '/run/config' }],
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
  };
  const podSpec = {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 5,
    nodeSelector: { 'kubernetes.io/hostname': nodeName },
    containers: [container],
    volumes: [{ name: 'config', configMap: { name: 'config' } }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'echo', namespace },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec },
    },
  };
}

const pods = () => cluster.list(resources.pods, { namespace, labels: { app: 'echo' } });
const available = async () =>
  ((await cluster.get(resources.deployments, { namespace, name: 'echo' }))?.status as
    | { availableReplicas?: number }
    | undefined)?.availableReplicas ?? 0;

describeOnCluster('a node of processes', () => {
  beforeAll(async () => {
    namespace = await createNamespace('node');
    dir = await mkdtemp(join(tmpdir(), 'node-'));
    cluster = await connectKubernetes({ kubeconfig: inject('kubeconfig'), log: quiet });
    node = await startNode({
      cluster,
      nodeName,
      imageRoot: dir,
      denoPath: resolve('node_modules/.bin/deno'),
      searchPath: '/usr/bin:/bin',
      dataDir: join(dir, 'data'),
      log: quiet,
      onLog: (line) => lines.push(line),
    });
    unregister = await registerNode(nodeName, cluster);
  });

  afterAll(async () => {
    await unregister();
    await node.stop();
    await kubectlOk(['delete', 'node', nodeName, '--wait=false']);
    await cluster.close();
    await rm(dir, { recursive: true, force: true });
  });

  test('becomes Ready, and the real scheduler and controllers work with it', async () => {
    await kubectlOk(['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=60s']);
    await applyObjects(deployment());
    const waiting = await eventually('the pod waits for its ConfigMap', async () => {
      const [pod] = await pods();
      return JSON.stringify(pod?.status ?? {}).includes('ConfigMap \\"config\\" was not found') && pod;
    }, 60_000);
    await applyObjects({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config', namespace },
      data: { text: 'hello' },
    });
    await eventually('the Deployment is available', async () => (await available()) === 1, 60_000);
    expect(lines[0]?.line).toMatch(new RegExp(`^${waiting.metadata.name} hello \\d+$`));
    const [pod] = await pods();
    expect(pod?.status).toMatchObject({
      phase: 'Running',
      podIP: '127.0.0.1',
      containerStatuses: [{ ready: true, started: true, restartCount: 0, state: { running: {} } }],
    });
  });

  test('starts a killed process again and counts it', async () => {
    process.kill(Number(lines[0]!.line.split(' ').at(-1)), 'SIGKILL');
    const pod = await eventually('it is ready again', async () => {
      const [found] = await pods();
      const [container] =
        (found?.status as { containerStatuses: { ready: boolean; restartCount: number; lastState: unknown }[] })
          .containerStatuses;
      return container?.restartCount === 1 && container.ready && container;
    }, 60_000);
    expect(pod.lastState).toMatchObject({ terminated: { exitCode: 137, reason: 'Error' } });
  });

  test('ends the process of a deleted pod, then the pod, and runs its successor', async () => {
    const [old] = await pods();
    await cluster.delete(resources.pods, { namespace, name: old!.metadata.name });
    await eventually('the successor is ready', async () => {
      const now = await pods();
      return now.length === 1 && now[0]?.metadata.uid !== old!.metadata.uid && (await available()) === 1;
    }, 60_000);
    const pids = lines.map(({ line }) => Number(line.split(' ').at(-1)));
    expect(() => process.kill(pids.at(-2)!, 0)).toThrow('ESRCH');
    expect(process.kill(pids.at(-1)!, 0)).toBe(true);
  });
});
