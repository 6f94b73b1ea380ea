/** The node itself: what tests of the product on it may rely on. */
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { images } from '../support/node/images.ts';
import { egressPolicy, pod, service } from '../support/node/manifests.ts';
import type { NetworkNamespace } from '../support/node/network-namespace.ts';
import { upstreamDns } from '../support/node/network.ts';
import type { Node } from '../support/node/node.ts';
import { createRestrictedNamespace, describeOnNode, sharedNode } from '../support/node/shared.ts';
import { findNode } from '../support/node/start.ts';
import { networkNamespaceOf, tracesOf } from '../support/node/traces.ts';
import { start } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const listener =
  "require('node:net').createServer((socket) => socket.on('error', () => {}).end('hello ' + socket.remoteAddress)).listen({ port: +process.argv[1], host: '0.0.0.0' }, () => console.log('listens'))";

/** For what takes seconds, and more on a busy machine. */
const patienceMs = 60_000;

let node: Node;
let namespace: string;
let client: NetworkNamespace;
let redisAddress: string;
let redisService: string;

async function jsonPath(kind: string, name: string, path: string): Promise<string> {
  return node.kubectlOk(['-n', namespace, 'get', kind, name, '-o', `jsonpath={${path}}`]);
}

/** Starts a listener and waits until it listens. */
async function listen(where: NetworkNamespace, port: number): Promise<ReturnType<NetworkNamespace['start']>> {
  const process_ = where.start(process.execPath, ['-e', listener, String(port)]);
  await eventually('somebody listens', () => process_.output().includes('listens'));
  return process_;
}

/** Asks the cluster's DNS over TCP for an IPv4 address, from this machine. */
function lookUpByTcp(name: string): Promise<string> {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const query = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(
      53,
      node.network.dnsAddress,
      () => socket.write(Buffer.concat([Buffer.from([0, query.length]), query])),
    );
    socket.on('error', reject).on('data', (chunk) => {
      const answer = Buffer.concat([...chunks, chunk]);
      chunks.push(chunk);
      if (answer.length < 2 || answer.length < answer.readUInt16BE(0) + 2) return;
      socket.destroy();
      resolve([...answer.subarray(-4)].join('.'));
    });
  });
}

describeOnNode('the node', () => {
  beforeAll(async () => {
    node = sharedNode();
    namespace = await createRestrictedNamespace(node);
    await node.apply(
      pod({
        namespace,
        name: 'client',
        image: images.busybox,
        command: ['sh', '-c', 'echo started; exec sleep 100000'],
      }),
      pod({ namespace, name: 'redis', image: images.redis, args: ['--port', '16379'], port: 16_379 }),
      service(namespace, 'redis', 6379, 16_379),
    );
    await node.kubectlOk([
      '-n',
      namespace,
      'wait',
      '--for=condition=Ready',
      '--timeout=120s',
      'pod/client',
      'pod/redis',
    ]);
    client = await node.podNetwork({ namespace, name: 'client' });
    redisAddress = await jsonPath('pod', 'redis', '.status.podIP');
    redisService = await jsonPath('service', 'redis', '.spec.clusterIP');
  });

  test('runs a pod of a restricted namespace, without any privilege', async () => {
    const status = await node.kubectlOk(['-n', namespace, 'exec', 'client', '--', 'cat', '/proc/self/status']);
    expect(status).toMatch(/Uid:\t65532/);
    expect(status).toMatch(/CapEff:\t0{16}/);
    expect(status).toMatch(/NoNewPrivs:\t1/);
    expect(status).toMatch(/Seccomp:\t2/);
  });

  test('refuses a privileged pod in such a namespace', async () => {
    const { code, stderr } = await node.kubectl([
      '-n',
      namespace,
      'run',
      'bad',
      `--image=${images.busybox}`,
      '--privileged',
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('violates PodSecurity "restricted')]);
  });

  test('shows the logs of a pod', async () => {
    expect(await node.kubectlOk(['-n', namespace, 'logs', 'client'])).toBe('started\n');
  });

  test('answers names of Services over UDP and TCP, also to this machine', async () => {
    const name = `redis.${namespace}.svc.cluster.local`;
    const resolver = new Resolver({ timeout: 2000 });
    resolver.setServers([node.network.dnsAddress]);
    expect(await eventually('the DNS knows the Service', () => resolver.resolve4(name))).toEqual([redisService]);
    expect(await lookUpByTcp(name)).toBe(redisService);
  });

  test('asks a DNS server outside for other names, when a test runs one', async () => {
    const resolver = new Resolver({ timeout: 5000 });
    resolver.setServers([node.network.dnsAddress]);
    await expect(resolver.resolve4('api.example.test')).rejects.toThrow('ESERVFAIL');
    const folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
    await writeFile(join(folder, 'hosts'), '198.51.100.7 api.example.test\n');
    await writeFile(join(folder, 'Corefile'), `. {\n  hosts ${folder}/hosts\n}\n`);
    const outside = (await node.outsideHost(upstreamDns)).start(join(node.description.nodeBin, 'coredns'), [
      '-conf',
      join(folder, 'Corefile'),
    ]);
    expect(await eventually('the name is known', () => resolver.resolve4('api.example.test'))).toEqual([
      '198.51.100.7',
    ]);
    await outside.stop();
    await rm(folder, { recursive: true });
  });

  test('takes a pod to another by the name of its Service', async () => {
    const ping = ['-n', namespace, 'exec', 'redis', '--', 'redis-cli', '-h', `redis.${namespace}`, 'ping']; // its own short name is the pod itself
    expect(await eventually('Redis answers', async () => (await node.kubectl(ping)).stdout)).toBe('PONG\n');
  });

  test('lets this machine reach pods and Services', async () => {
    const targets = [{ host: redisAddress, port: 16_379 }, { host: redisService, port: 6379 }, {
      host: redisAddress,
      port: 6379,
    }];
    expect(await node.hostNetwork.dial(targets)).toEqual(['Open', 'Open', 'Refused']);
  });

  test('holds a pod to a policy, and no longer when it is gone', async () => {
    const targets = [{ host: redisAddress, port: 16_379 }, { host: redisService, port: 6379 }, {
      host: node.network.dnsAddress,
      port: 53,
    }];
    expect(await client.dial(targets)).toEqual(['Open', 'Open', 'Open']);
    await node.apply(
      egressPolicy(namespace, 'client', [{
        to: [{ podSelector: { matchLabels: { app: 'redis' } } }],
        ports: [{ protocol: 'TCP', port: 16_379 }],
      }]),
    );
    await eventually(
      'only Redis is open',
      async () => String(await client.dial(targets)) === 'Open,Open,Refused',
      patienceMs,
    );
    await node.apply(egressPolicy(namespace, 'client', []));
    await eventually(
      'nothing is open',
      async () => String(await client.dial(targets)) === 'Refused,Refused,Refused',
      patienceMs,
    );
    await node.kubectlOk(['-n', namespace, 'delete', 'networkpolicy', 'egress-of-client']);
    await eventually(
      'everything is open',
      async () => String(await client.dial(targets)) === 'Open,Open,Open',
      patienceMs,
    );
  });

  test('has hosts outside the cluster, which a policy tells apart by address and port', async () => {
    const [one, other] = await Promise.all([node.outsideHost('198.51.100.7'), node.outsideHost('203.0.113.9')]);
    const listeners = await Promise.all([
      listen(one, 8001),
      listen(one, 8002),
      listen(other, 8001),
      listen(node.hostNetwork, 8001),
    ]);
    const targets = [{ host: '198.51.100.7', port: 8001 }, { host: '198.51.100.7', port: 8002 }, {
      host: '203.0.113.9',
      port: 8001,
    }, { host: node.network.hostAddress, port: 8001 }];
    expect(await client.dial(targets)).toEqual(['Open', 'Open', 'Open', 'Open']);
    await node.apply(
      egressPolicy(namespace, 'client', [{
        to: [{ ipBlock: { cidr: '198.51.100.0/24' } }],
        ports: [{ protocol: 'TCP', port: 8001 }],
      }]),
    );
    await eventually(
      'one is open',
      async () => String(await client.dial(targets)) === 'Open,Refused,Refused,Refused',
      patienceMs,
    );
    await node.kubectlOk(['-n', namespace, 'delete', 'networkpolicy', 'egress-of-client']);
    await Promise.all(listeners.map((one) => one.stop()));
  });

  test('shows hosts outside the address of the pod', async () => {
    const outside = await node.outsideHost('198.51.100.8');
    const server = await listen(outside, 8001);
    const { stdout } = await node.inPodNetwork({ namespace, name: 'client' }, 'bash', [
      '-c',
      'cat < /dev/tcp/198.51.100.8/8001',
    ]);
    expect(stdout).toBe(`hello ${await jsonPath('pod', 'client', '.status.podIP')}`);
    await server.stop();
  });

  test('has room for a second node beside it, which leaves nothing behind when its process is killed', async () => {
    const up = start(process.execPath, [join(import.meta.dirname, '../support/node/up.ts')]);
    const kubeconfig = await eventually(
      'the second node is up',
      () => /KUBECONFIG=(\S+)/.exec(up.output())?.[1],
      170_000,
    );
    const second = await findNode(join(dirname(kubeconfig), 'node.json'));
    expect(second.network.slot).not.toBe(node.network.slot);
    expect(await second.kubectlOk(['get', 'nodes', '-o', 'name'])).toBe('node/test-node\n');
    const namespace = await networkNamespaceOf(second.description.pid);
    up.child.kill('SIGKILL');
    await eventually(
      'nothing is left',
      async () => (await tracesOf(second.description, namespace)).length === 0,
      patienceMs,
    );
  });
});
