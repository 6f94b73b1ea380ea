/** The programs of a node, in the order in which they need each other. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  apiServerArgs,
  controllerManagerArgs,
  etcdArgs,
  type Ports,
  schedulerArgs,
} from '../control-plane/arguments.ts';
import { createCertificate } from '../control-plane/certificates.ts';
import type { Daemons } from '../control-plane/daemons.ts';
import { writeControlPlaneFiles } from '../control-plane/files.ts';
import { isServed } from '../control-plane/health.ts';
import type { NodeParts } from './build.ts';
import { cgroupOf, createCgroups } from './cgroups.ts';
import { healthPorts, kubeletArgs, kubeRouterArgs, nodeFiles, nodeName } from './configuration.ts';
import { prepareMounts } from './mounts.ts';
import { inNode, type Namespaces } from './namespaces.ts';
import { upstreamDns } from './network.ts';
import { attach, type Node } from './node.ts';
import { dnsObjects, policyEngineObjects } from './objects.ts';

/** Where a node comes up, and what of. */
export interface Site {
  readonly dir: string;
  /** Folder of Kubernetes' own programs. */
  readonly kubeBin: string;
  readonly parts: NodeParts;
  readonly namespaces: Namespaces;
  readonly daemons: Daemons;
}

/** The node's network is its own: no port is ever taken. */
const ports: Ports = {
  apiServer: 6443,
  etcdClient: 2379,
  etcdPeer: 2380,
  controllerManager: 10_257,
  scheduler: 10_259,
};

/** Starts everything. @throws Error with the last words of a program that ends */
export async function bringUp(site: Site): Promise<Node> {
  const { dir, kubeBin, parts, namespaces: { pid, network } } = site;
  const node = attach({
    dir,
    pid,
    network,
    kubeBin,
    nodeBin: parts.bin,
    serverUrl: `https://${network.address}:${ports.apiServer}`,
  });
  await Promise.all([prepareMounts(pid), createCgroups(cgroupOf(dir)), writeFiles(site, node.serverUrl)]);
  await Promise.all([startControlPlane(site, node), startContainers(site, node)]);
  await start(site, 'kubelet', kubeletArgs(dir, network));
  await start(site, 'kube-proxy', [`--config=${join(dir, 'proxy.json')}`]);
  await startPolicyEngine(site, node);
  await untilReady(site, node, 'the node is ready', ['--for=condition=Ready', `node/${nodeName}`]);
  await node.outsideHost(upstreamDns); // there from the start, it refuses instead of keeping the DNS waiting
  await node.apply(...dnsObjects(network));
  await untilReady(site, node, 'the DNS is ready', [
    '--namespace=kube-system',
    '--for=condition=Available',
    'deployment/coredns',
  ]);
  return node;
}

async function startControlPlane(site: Site, { serverUrl }: Node): Promise<void> {
  const { dir, namespaces: { network }, daemons } = site;
  await start(site, 'etcd', etcdArgs(dir, ports));
  await start(site, 'kube-apiserver', apiServerArgs(dir, ports, network));
  await daemons.until('the API server is ready', () => isServed(dir, serverUrl, '/readyz'));
  await start(site, 'kube-controller-manager', controllerManagerArgs(dir, ports, network));
  await start(site, 'kube-scheduler', schedulerArgs(dir, ports));
  const inDefault = '/api/v1/namespaces/default';
  await daemons.until(
    'the controllers look after namespaces',
    () => isServed(dir, serverUrl, `${inDefault}/serviceaccounts/default`),
  );
}

async function startContainers(site: Site, node: Node): Promise<void> {
  await start(site, 'containerd', ['--config', join(site.dir, 'containerd.toml')]);
  await site.daemons.until('containerd answers', async () => (await node.ctr(['version'])).code === 0);
  await node.importImages(site.parts.images);
}

/** It rewrites the whole filter table, so it waits for the first round of kube-proxy. */
async function startPolicyEngine(site: Site, node: Node): Promise<void> {
  const { dir, namespaces: { network }, daemons } = site;
  const isHealthy = (port: number): Promise<boolean> =>
    fetch(`http://${network.address}:${port}/healthz`).then(({ ok }) => ok, () => false);
  await untilReady(site, node, 'the kubelet tells of the node', ['--for=create', `node/${nodeName}`]);
  await untilReady(site, node, 'the node has a range for its pods', [
    '--for=jsonpath={.spec.podCIDR}',
    `node/${nodeName}`,
  ]);
  await daemons.until('kube-proxy has written its rules', () => isHealthy(healthPorts.proxy));
  await node.apply(...policyEngineObjects());
  await start(site, 'kube-router', kubeRouterArgs(dir, network));
  await daemons.until('kube-router has written its rules', () => isHealthy(healthPorts.kubeRouter));
}

async function untilReady(site: Site, node: Node, what: string, condition: readonly string[]): Promise<void> {
  await site.daemons.until(what, async () => (await node.kubectl(['wait', '--timeout=5s', ...condition])).code === 0);
}

/** Starts a program, of Kubernetes or not, inside the node. */
async function start(
  { kubeBin, parts, namespaces, daemons }: Site,
  name: string,
  args: readonly string[],
): Promise<void> {
  const programs: Readonly<Record<string, string>> = { containerd: parts.bin, 'kube-router': parts.bin };
  const path = [parts.bin, kubeBin, process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(':');
  await daemons.start(name, ...inNode(namespaces.pid, join(programs[name] ?? kubeBin, name), args), {
    PATH: path,
    NODE_NAME: nodeName,
  });
}

async function writeFiles({ dir, parts, namespaces: { network } }: Site, serverUrl: string): Promise<void> {
  await writeControlPlaneFiles(dir, serverUrl, network);
  const pki = join(dir, 'pki');
  const files = nodeFiles({ dir, cniBin: parts.cniBin }, cgroupOf(dir), network, serverUrl);
  await Promise.all([
    createCertificate(pki, {
      name: 'kubelet',
      subject: `/O=system:nodes/CN=system:node:${nodeName}`,
      usage: 'clientAuth',
    }),
    createCertificate(pki, {
      name: 'kubelet-serving',
      subject: `/O=system:nodes/CN=system:node:${nodeName}`,
      usage: 'serverAuth',
      names: [`DNS:${nodeName}`, `IP:${network.address}`],
    }),
    createCertificate(pki, { name: 'proxy', subject: '/CN=system:kube-proxy', usage: 'clientAuth' }),
    createCertificate(pki, { name: 'kube-router', subject: '/CN=kube-router', usage: 'clientAuth' }),
    ...Object.entries(files).map(([name, text]) => writeNested(join(dir, name), text)),
  ]);
}

async function writeNested(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
