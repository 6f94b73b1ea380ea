/** The mirror holds: for every target, the policy lets out exactly what some dial that Deno allows leads to. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topologyWith } from '../../../test/support/topology.ts';
import { formatScope, parseScope } from '../network/allow-net/canonical.ts';
import { denoAllows } from '../network/allow-net/deno-allows.ts';
import { withMetadataDenied } from '../network/allow-net/deny.ts';
import type { Scope } from '../network/allow-net/entry.ts';
import { policyAllows, type Target, type TargetPod } from '../../../test/support/policy-allows.ts';
import { tries } from '../../../test/support/thorough.ts';
import type { Service } from '../network/allow-net/topology.ts';
import { clusterDns, networkPolicy } from './network-policy.ts';

const namedPorts = { http: 8080 };
const pod = (namespace: string, labels: Record<string, string>): TargetPod => ({
  labels,
  namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
  namedPorts,
});

const pods: Readonly<Record<string, TargetPod>> = {
  '10.244.0.1': pod('app', { app: 'web' }),
  '10.244.0.2': pod('app', { app: 'web', canary: 'yes' }),
  '10.244.0.3': pod('app', { app: 'redis' }),
  '10.244.0.4': pod('data', { app: 'web' }),
  '10.244.0.5': pod('data', { app: 'db' }),
  '10.244.0.6': pod('kube-system', { 'k8s-app': 'kube-dns' }),
};
const outside = ['192.0.2.1', '192.0.2.2', '198.51.100.1', '169.254.169.254', '2001:db8::1'];

const services: Readonly<Record<string, Service>> = {
  'app/web': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }, { port: 443, targetPort: 8443, protocol: 'TCP' }],
  },
  'app/canary': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.2',
    selector: { app: 'web', canary: 'yes' },
    ports: [{ port: 443, targetPort: 443, protocol: 'TCP' }],
  },
  'app/redis': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.3',
    selector: { app: 'redis' },
    ports: [{ port: 6379, targetPort: 16_379, protocol: 'TCP' }],
  },
  'data/web': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.4',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
  },
  'data/db': { type: 'ClusterIP', clusterIP: 'None', selector: { app: 'db' }, ports: [] },
  'app/legacy': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.6',
    ports: [{ name: 'sql', port: 80, targetPort: 80, protocol: 'TCP' }],
  },
};
const topology = topologyWith('app', services, {
  'app/legacy': [{ addresses: ['192.0.2.2'], ports: [{ name: 'sql', port: 8443, protocol: 'TCP' }] }],
});
const ports = [53, 80, 443, 8080, 8443, 16_379];

/** Servers a Redis may have, and the packets that reach them. */
const servers = [
  { host: 'redis', port: 6379, addresses: [], leadsTo: '10.244.0.3:16379' },
  { host: 'web.data.svc', port: 80, addresses: [], leadsTo: '10.244.0.4:80' },
  { host: '10.244.0.5', port: 8080, addresses: [], leadsTo: '10.244.0.5:8080' },
  { host: 'cache.example.com', port: 8443, addresses: ['198.51.100.1'], leadsTo: '198.51.100.1:8443' },
  { host: '2001:db8::1', port: 443, addresses: [], leadsTo: '2001:db8::1:443' },
];
const redisServers = fc.subarray(servers, { minLength: 1 });

/** What a program writes, and what the name resolves to. */
interface Dial {
  readonly host: string;
  readonly port: number;
  readonly resolved: readonly string[];
}

const namesOf = (
  namespace: string,
  name: string,
): string[] => [
  ...(namespace === 'app' ? [name] : []),
  `${name}.${namespace}`,
  `${name}.${namespace}.svc`,
  `${name}.${namespace}.svc.cluster.local`,
];

/** Every dial that ends at a target, worked out from what Services do and not from how they are translated. */
function dialsTo(target: Target): Dial[] {
  const literal = { host: target.ip, port: target.port, resolved: [] };
  return [literal, ...Object.entries(services).flatMap(([key, service]) => dialsThrough(key, service, target))];
}

function dialsThrough(key: string, service: Service, target: Target): Dial[] {
  const [namespace = '', name = ''] = key.split('/');
  const names = namesOf(namespace, name);
  if (service.selector === undefined) {
    return target.ip === '192.0.2.2' && target.port === 8443 ? dialsOf(names, service, 80) : [];
  }
  const selected = target.pod?.namespaceLabels['kubernetes.io/metadata.name'] === namespace &&
    Object.entries(service.selector).every(([label, value]) => target.pod?.labels[label] === value);
  if (!selected) return [];
  if (service.clusterIP === 'None') {
    return [...names, ...names.map((host) => `pod-0.${host}`)].map((host) => ({
      host,
      port: target.port,
      resolved: [target.ip],
    }));
  }
  return service.ports
    .filter(({ targetPort }) => (targetPort === 'http' ? namedPorts.http : targetPort) === target.port)
    .flatMap(({ port }) => dialsOf(names, service, port));
}

function dialsOf(names: readonly string[], { clusterIP = '' }: Service, port: number): Dial[] {
  return [...names.map((host) => ({ host, port, resolved: [clusterIP] })), { host: clusterIP, port, resolved: [] }];
}

const targets: readonly Target[] = [...Object.keys(pods), ...outside]
  .flatMap((ip) =>
    ports.map((port): Target => ({ ip, port, protocol: 'TCP', ...(pods[ip] ? { pod: pods[ip] } : {}) }))
  );
const reachable = targets.map((target) => ({ target, dials: dialsTo(target) }));

const host = fc.oneof(
  fc.constantFrom(...Object.keys(services).flatMap((key) => namesOf(...(key.split('/') as [string, string])))),
  fc.constantFrom('pod-0.db.data', 'absent', 'api.example.com', '*.example.com', 'localhost', '127.0.0.1', '0.0.0.0'),
  fc.constantFrom(
    ...Object.keys(pods),
    ...outside.map((ip) => (ip.includes(':') ? `[${ip}]` : ip)),
    '10.96.0.1',
    '10.96.0.6',
  ),
  fc.constantFrom('10.244.0.0/16', '10.244.0.0/30', '192.0.2.0/24', '192.0.2.2/31', '198.51.0.0/16', '169.254.0.0/16'),
);
const wildcard = fc.constantFrom('*.app.svc', '*.web.app', '*.cluster.local');
const entriesOf = (hosts: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(hosts, fc.constantFrom('', ':80', ':443', ':8080', ':8443')).map((parts) => parts.join('')), {
    maxLength: 5,
  });
const allowed = entriesOf(host);
/** Wildcards over names inside the cluster are never opened, so only their denial is compared here. */
const denied = entriesOf(fc.oneof({ arbitrary: host, weight: 4 }, { arbitrary: wildcard, weight: 1 }));

function scopeOf(texts: readonly string[]): Scope {
  const parsed = parseScope(texts);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}

test('a target is open exactly when Deno allows a dial that leads there, or it is cluster DNS or a server of the Redis', () => {
  fc.assert(
    fc.property(allowed, denied, redisServers, (allow, refuse, redis) => {
      const [scope, deny] = [scopeOf(allow), scopeOf(refuse)];
      const owner = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', name: 'w', uid: 'u' };
      const { policy, approximations } = networkPolicy({
        name: 'w',
        namespace: 'app',
        owner,
        labels: {},
        scope,
        deny,
        allowAll: false,
        redis,
        topology,
        dns: clusterDns,
      });
      const all = withMetadataDenied(scope, deny);
      const headlessToldWider = approximations.some(({ reason }) => reason.includes('headless'));
      for (const { target, dials } of reachable) {
        const always = (target.ip === '10.244.0.6' && target.port === 53) ||
          redis.some(({ leadsTo }) => leadsTo === `${target.ip}:${target.port}`);
        const dialled = dials.some(({ host, port, resolved }) => denoAllows(scope, all, host, port, resolved));
        const open = policyAllows(policy.spec, target);
        const toldWider = headlessToldWider && target.ip === '10.244.0.5';
        if (open !== (dialled || always) && !(open && toldWider)) {
          throw new Error(
            `${target.ip}:${target.port} is ${open ? 'open' : 'closed'} with --allow-net=${
              formatScope(scope).join()
            } --deny-net=${formatScope(deny).join()}`,
          );
        }
      }
    }),
    tries(40, 200),
  );
});

test('no rule of any scope has an empty list of peers or ports', () => {
  fc.assert(
    fc.property(allowed, denied, redisServers, (allow, refuse, redis) => {
      const input = {
        name: 'w',
        namespace: 'app',
        owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'w', uid: 'u' },
        labels: {},
      };
      const { policy } = networkPolicy({
        ...input,
        scope: scopeOf(allow),
        deny: scopeOf(refuse),
        allowAll: false,
        redis,
        topology,
        dns: clusterDns,
      });
      expect(policy.spec.egress.every((rule) => 'to' in rule && rule.to.length > 0 && rule.ports.length > 0)).toBe(
        true,
      );
    }),
    tries(30, 100),
  );
});
