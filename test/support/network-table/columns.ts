/** The columns of the table: what a pod dials, and where the packet goes once every Service address is replaced. */
import type { Target } from '../policy-allows.ts';
import { healthPort } from '../../../contract/pod.ts';
import type { Node } from '../node/node.ts';
import { type Addresses, type Namespaces, outside } from './targets.ts';

/** One thing to dial. */
export interface Column {
  /** As the page names it. */
  readonly title: string;
  /** As a program names it. */
  readonly host: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** What the host resolves to: the address itself when it is one. */
  readonly address: string;
  /** What a policy sees; undefined for what never leaves the pod. */
  readonly seen: Target | undefined;
}

/** All columns, in the order of the page. */
export function columnsOf({ network }: Node, { own, far }: Namespaces, addresses: Addresses): Column[] {
  const podTarget = (ip: string, port: number, namespace: string, app: string): Target => ({
    ip,
    port,
    protocol: 'TCP',
    pod: {
      labels: { app },
      namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
      namedPorts: app === 'web' ? { http: 8080 } : {},
    },
  });
  const web = (port: number): Target => podTarget(addresses.web, port, own, 'web');
  const farPod = podTarget(addresses.far, 8080, far, 'far');
  const tcp = (
    title: string,
    host: string,
    port: number,
    address: string,
    seen: Target = { ip: address, port, protocol: 'TCP' },
  ): Column => ({ title, host, port, protocol: 'TCP', address, seen });
  const dns = (protocol: 'TCP' | 'UDP'): Target => ({
    ip: network.dnsAddress,
    port: 53,
    protocol,
    pod: { labels: { 'k8s-app': 'kube-dns' }, namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  });
  return [
    tcp('pod, by IP, port 8080', addresses.web, 8080, addresses.web, web(8080)),
    tcp('the same pod, port 9090', addresses.web, 9090, addresses.web, web(9090)),
    tcp('its Service, by ClusterIP, port 80', addresses.webService, 80, addresses.webService, web(8080)),
    tcp('its Service, `web:80`', 'web', 80, addresses.webService, web(8080)),
    tcp('its Service, `web:81`', 'web', 81, addresses.webService, web(9090)),
    tcp('its Service, `web.app:80`', `web.${own}`, 80, addresses.webService, web(8080)),
    tcp(
      'its Service, `web.app.svc.cluster.local:80`',
      `web.${own}.svc.cluster.local`,
      80,
      addresses.webService,
      web(8080),
    ),
    tcp('headless Service, `web-headless:8080`', 'web-headless', 8080, addresses.web, web(8080)),
    tcp('pod of it, `web-0.web-headless:8080`', 'web-0.web-headless', 8080, addresses.web, web(8080)),
    tcp('Service of another namespace, `far.other:80`', `far.${far}`, 80, addresses.farService, farPod),
    tcp('Service without selector, `fixed:80`, leads to host C', 'fixed', 80, addresses.fixedService, {
      ip: outside.c,
      port: 8001,
      protocol: 'TCP',
    }),
    tcp('ExternalName, `alias:8001`, stands for `a.outside.example`', 'alias', 8001, outside.a),
    tcp('host A outside, `198.51.100.7:8001`', outside.a, 8001, outside.a),
    tcp('host A, `198.51.100.7:8002`', outside.a, 8002, outside.a),
    tcp('host A, `a.outside.example:8001`', 'a.outside.example', 8001, outside.a),
    tcp('host B outside, `203.0.113.9:8001`', outside.b, 8001, outside.b),
    tcp('host B, `b.outside.example:8001`', 'b.outside.example', 8001, outside.b),
    tcp('host C outside, `198.51.100.20:8001`', outside.c, 8001, outside.c),
    tcp('API server, `kubernetes.default.svc:443`', 'kubernetes.default.svc', 443, addresses.apiService, {
      ip: network.address,
      port: 6443,
      protocol: 'TCP',
    }),
    tcp('metadata address, `169.254.169.254:80`', outside.metadata, 80, outside.metadata),
    {
      title: 'cluster DNS, by IP, UDP 53',
      host: network.dnsAddress,
      port: 53,
      protocol: 'UDP',
      address: network.dnsAddress,
      seen: dns('UDP'),
    },
    {
      title: 'cluster DNS, by IP, TCP 53',
      host: network.dnsAddress,
      port: 53,
      protocol: 'TCP',
      address: network.dnsAddress,
      seen: dns('TCP'),
    },
    {
      title: `the pod itself, \`127.0.0.1:${healthPort}\``,
      host: '127.0.0.1',
      port: healthPort,
      protocol: 'TCP',
      address: '127.0.0.1',
      seen: undefined,
    },
  ];
}
