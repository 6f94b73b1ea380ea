/** The rows of the table: one worker for every form an entry of a scope can have. */
import type { NodeNetwork } from '../node/network.ts';
import type { Addresses, Namespaces } from './targets.ts';

/** One worker. */
export interface Row {
  /** Name of the worker. */
  readonly name: string;
  /** What the entry is, in words. */
  readonly form: string;
  /** As the page shows it: without names and addresses that differ from run to run. */
  readonly entry: string;
  readonly permissions: Readonly<Record<string, unknown>>;
}

/** All rows, in the order of the page. */
export function rowsOf({ own, far }: Namespaces, addresses: Addresses, { serviceRange }: NodeNetwork): Row[] {
  const row = (name: string, form: string, net: string, more: object = {}, entry = `\`${net}\``): Row => ({
    name,
    form,
    entry,
    permissions: { net: [net], ...more },
  });
  return [
    { name: 'none', form: 'nothing', entry: '', permissions: {} },
    row('svc-named', 'Service, `targetPort` by name', 'web:80'),
    row('svc-number', 'Service, `targetPort` a number', 'web:81'),
    row('svc-all', 'Service, every port', 'web'),
    row('svc-ns', 'Service with namespace', `web.${own}:80`, {}, '`web.app:80`'),
    row('svc-full', 'Service, full name', `web.${own}.svc.cluster.local:80`, {}, '`web.app.svc.cluster.local:80`'),
    row('svc-far', 'Service of another namespace', `far.${far}:80`, {}, '`far.other:80`'),
    row('headless', 'headless Service', 'web-headless:8080'),
    row('headless-pod', 'pod of a headless Service', 'web-0.web-headless:8080'),
    row('no-selector', 'Service without selector', 'fixed:80'),
    row('external-name', 'ExternalName', 'alias:8001'),
    row('cluster-ip', 'ClusterIP', `${addresses.webService}:80`, {}, '`<ClusterIP of web>:80`'),
    row('service-range', 'block of all ClusterIPs', serviceRange, {}, '`<Service range>`'),
    row('pod-ip', 'IP of a pod', `${addresses.web}:8080`, {}, '`<IP of web-0>:8080`'),
    row('name', 'name outside', 'a.outside.example:8001'),
    row('name-all', 'name outside, every port', 'a.outside.example'),
    row('name-open-port', 'name outside, `outsideNames: OpenPort`', 'a.outside.example:8001', {
      outsideNames: 'OpenPort',
    }),
    row('wildcard-open-port', 'wildcard, `outsideNames: OpenPort`', '*.outside.example:8001', {
      outsideNames: 'OpenPort',
    }),
    row('ip', 'IP outside', '198.51.100.7:8001'),
    row('ip-all', 'IP outside, every port', '198.51.100.7'),
    row('block', 'block', '198.51.100.0/24:8001'),
    row('block-deny', 'block with `denyNet: [198.51.100.20]`', '198.51.100.0/24', { denyNet: ['198.51.100.20'] }),
    row('metadata', 'metadata address, named', '169.254.169.254:80'),
    row('api', 'API server', 'kubernetes.default.svc:443'),
    row('loopback', 'the pod itself', 'localhost:8001'),
    { name: 'all', form: '`allowAllNet: Granted`', entry: '', permissions: { allowAllNet: 'Granted' } },
  ];
}
