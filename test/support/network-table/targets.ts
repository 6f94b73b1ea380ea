/** What the pods of the table dial: pods, Services of every kind, hosts outside, and where each leads in the end. */
import { images } from '../node/images.ts';
import { listenIn } from '../node/listener.ts';
import { pod } from '../node/manifests.ts';
import type { Node } from '../node/node.ts';
import { createRestrictedNamespace } from '../node/shared.ts';

/** Hosts outside the cluster, on addresses that are kept for documentation. */
export const outside = {
  a: '198.51.100.7',
  b: '203.0.113.9',
  c: '198.51.100.20',
  metadata: '169.254.169.254',
} as const;

/** Names of hosts outside, for the cluster's DNS. */
export const outsideNames = { 'a.outside.example': outside.a, 'b.outside.example': outside.b };

/** Namespaces of the table: that of the workers, and another. */
export interface Namespaces {
  readonly own: string;
  readonly far: string;
}

/** Addresses the API gave. */
export interface Addresses {
  readonly web: string;
  readonly far: string;
  readonly webService: string;
  readonly farService: string;
  readonly fixedService: string;
  readonly apiService: string;
}

/** Makes them all and waits until they answer. */
export async function openTargets(
  node: Node,
  own: string,
): Promise<{ readonly namespaces: Namespaces; readonly addresses: Addresses }> {
  const namespaces = { own, far: await createRestrictedNamespace(node, 'far') };
  await node.apply(...webObjects(own), ...farObjects(namespaces.far), ...oddServices(own));
  await Promise.all([
    node.kubectlOk(['-n', own, 'wait', '--for=condition=Ready', '--timeout=180s', 'pod/web-0']),
    node.kubectlOk(['-n', namespaces.far, 'wait', '--for=condition=Ready', '--timeout=180s', 'pod/far']),
    listenIn(await node.outsideHost(outside.a), 8001, 8002),
    listenIn(await node.outsideHost(outside.b), 8001),
    listenIn(await node.outsideHost(outside.c), 8001),
    listenIn(await node.outsideHost(outside.metadata), 80),
  ]);
  return { namespaces, addresses: await readAddresses(node, namespaces) };
}

async function readAddresses(node: Node, { own, far }: Namespaces): Promise<Addresses> {
  const read = (namespace: string, what: string, path: string): Promise<string> =>
    node.kubectlOk(['-n', namespace, 'get', what, '-o', `jsonpath={${path}}`]);
  const clusterIP = (namespace: string, name: string): Promise<string> =>
    read(namespace, `service/${name}`, '.spec.clusterIP');
  const [web, farPod, webService, farService, fixedService, apiService] = await Promise.all(
    [
      read(own, 'pod/web-0', '.status.podIP'),
      read(far, 'pod/far', '.status.podIP'),
      clusterIP(own, 'web'),
      clusterIP(far, 'far'),
      clusterIP(own, 'fixed'),
      clusterIP('default', 'kubernetes'),
    ] as const,
  );
  return { web, far: farPod, webService, farService, fixedService, apiService };
}

/** A pod with two ports, of which one has a name, behind a Service and a headless one that gives it a name of its own. */
function webObjects(namespace: string): object[] {
  const web = server(namespace, 'web-0', 'web', [8080, 9090]) as { spec: { containers: object[] } };
  const [container] = web.spec.containers;
  const named = { ...container, ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9090 }] };
  return [
    { ...web, spec: { ...web.spec, hostname: 'web-0', subdomain: 'web-headless', containers: [named] } },
    serviceOf(namespace, 'web', {
      selector: { app: 'web' },
      ports: [{ name: 'one', port: 80, targetPort: 'http' }, { name: 'two', port: 81, targetPort: 9090 }],
    }),
    serviceOf(namespace, 'web-headless', { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 8080 }] }),
  ];
}

function farObjects(namespace: string): object[] {
  return [
    server(namespace, 'far', 'far', [8080]),
    serviceOf(namespace, 'far', { selector: { app: 'far' }, ports: [{ port: 80, targetPort: 8080 }] }),
  ];
}

/** A Service without a selector, whose endpoint is outside, and one that stands for a name outside. */
function oddServices(namespace: string): object[] {
  return [
    serviceOf(namespace, 'fixed', { ports: [{ port: 80, targetPort: 8001 }] }),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name: 'fixed-1', labels: { 'kubernetes.io/service-name': 'fixed' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8001, protocol: 'TCP' }],
      endpoints: [{ addresses: [outside.c], conditions: { ready: true } }],
    },
    serviceOf(namespace, 'alias', { type: 'ExternalName', externalName: 'a.outside.example' }),
  ];
}

function server(namespace: string, name: string, app: string, ports: readonly number[]): object {
  const command = [...ports.map((port) => `httpd -p ${port} -h /tmp`), 'exec sleep 100000'].join('; ');
  return pod({
    namespace,
    name,
    labels: { app },
    image: images.busybox,
    command: ['sh', '-c', command],
    port: ports[0]!,
  });
}

function serviceOf(namespace: string, name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec };
}
