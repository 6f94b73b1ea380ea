/** Pods whose first instruction dials what their policy forbids: started in waves, counted by whom they reached. */
import { decodeGateReport, gateField } from '../../contract/gate.ts';
import { configHashKey } from '../../contract/keys.ts';
import { withCount, withInline, withSpec, worker } from './gen.ts';
import { images } from './node/images.ts';
import { type Listener, listenIn } from './node/listener.ts';
import { pod } from './node/manifests.ts';
import { patienceMs, type Site } from './node/site.ts';
import { eventually } from './wait.ts';

/** What came of some starts. */
export interface RaceResult {
  /** Times user code ran. */
  starts: number;
  /** Connections the forbidden pod accepted. */
  reachedPod: number;
  /** Connections the forbidden host outside accepted. */
  reachedHost: number;
  /** Gates that found the network open for a moment before it closed. */
  sawOpen: number;
}

const forbidden = { pod: 'forbidden', host: '203.0.113.66', port: 8001 } as const;
/** Consumers of each runtime: a wave starts both, thirty pods at once. */
export const perRuntime = 15;
const runtimes = ['Handler', 'Script'] as const;
const started = 'starts';
/** A user of Redis who may tell of a start and do nothing else: a module has no login before its first request. */
const teller = 'racer';

/** What is forbidden, with a Service in front of each. */
export interface Forbidden {
  readonly listeners: readonly [pod: Listener, host: Listener];
  readonly services: readonly [pod: string, host: string];
}

/** Makes a pod and a host that count who reaches them. */
export async function openForbidden(site: Site): Promise<Forbidden> {
  const { node, namespace } = site;
  const ports = [{ port: forbidden.port, targetPort: forbidden.port }];
  const service = (name: string, spec: object): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { ports, ...spec },
  });
  await node.apply(
    pod({ namespace, name: forbidden.pod, image: images.busybox, command: ['sh', '-c', 'exec sleep 100000'] }),
    service('forbidden-pod', { selector: { app: forbidden.pod } }),
    service('forbidden-host', {}),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name: 'forbidden-host-1', labels: { 'kubernetes.io/service-name': 'forbidden-host' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: forbidden.port, protocol: 'TCP' }],
      endpoints: [{ addresses: [forbidden.host], conditions: { ready: true } }],
    },
  );
  await site.kubectl('wait', '--for=condition=Ready', '--timeout=180s', `pod/${forbidden.pod}`);
  const networks = await Promise.all([
    node.podNetwork({ namespace, name: forbidden.pod }),
    node.outsideHost(forbidden.host),
  ]);
  const [inPod, onHost] = await Promise.all(networks.map((network) => listenIn(network, forbidden.port)));
  const addressOf = (name: string): Promise<string> =>
    site.kubectl('get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}');
  return {
    listeners: [inPod!, onHost!],
    services: [await addressOf('forbidden-pod'), await addressOf('forbidden-host')],
  };
}

/**
 * A worker of each runtime. Deno lets them dial the addresses of Services; their policy opens none of what lies behind
 * one, so that the policy alone is under test.
 */
export async function startRacers(site: Site, { services }: Forbidden): Promise<void> {
  const permissions = { net: [`${site.node.network.serviceRange}:${forbidden.port}`] };
  await site.redis.client.call('ACL', 'SETUSER', teller, 'on', 'nopass', 'resetkeys', `~${started}`, '-@all', '+rpush');
  await site.apply(
    ...runtimes.map((runtime) =>
      worker(
        nameOf(runtime),
        withCount(perRuntime),
        withInline(moduleOf(runtime, site, services)),
        withSpec({ runtime, permissions }),
      )
    ),
  );
  await untilStarts(site, runtimes.length * perRuntime);
}

/** The first instruction dials; what came of it is told to Redis in the plainest form of its protocol. */
function moduleOf(
  runtime: (typeof runtimes)[number],
  { redisAddress: { host, port } }: Site,
  services: readonly string[],
): string {
  const redis = runtime === 'Handler' ? { hostname: host, port } : { hostname: '127.0.0.1', port: 6379 };
  return `const dial = (hostname: string) => Deno.connect({ hostname, port: ${forbidden.port} }).then((it) => (it.close(), 'open'), (error: Error) => error.name);
const silent = new Promise<string>((resolve) => setTimeout(() => resolve('silent'), 5000));
const found = await Promise.all(${JSON.stringify(services)}.map((address) => Promise.race([dial(address), silent])));
const redis = await Deno.connect(${JSON.stringify(redis)});
await redis.write(new TextEncoder().encode('AUTH ${teller} any\\r\\nRPUSH ${started} ' + found.join(',') + '\\r\\n'));
${runtime === 'Handler' ? 'export default () => 1;' : 'setInterval(() => undefined, 60_000);'}
`;
}

/** Starts every consumer once more, all at the same time; nothing of the wave before is left when it returns. */
export async function startAgain(site: Site): Promise<void> {
  const before = await site.redis.client.llen(started);
  await site.kubectl('delete', 'pods', '-l', 'redisworker.dev/name', '--grace-period=1', '--wait=false');
  await untilStarts(site, before + runtimes.length * perRuntime);
}

async function untilStarts({ redis }: Site, count: number): Promise<void> {
  await eventually(`${count} starts`, async () => await redis.client.llen(started) >= count, patienceMs * 2);
}

/** Gates of the running pods that found the network open for a moment. */
export async function gatesThatSawOpen({ redis }: Site): Promise<number> {
  const keys = runtimes.flatMap((runtime) =>
    Array.from({ length: perRuntime }, (_, index) => configHashKey(nameOf(runtime), String(index + 1)))
  );
  const reports = await Promise.all(
    keys.map(async (key) => decodeGateReport(await redis.client.hget(key, gateField) ?? undefined)),
  );
  return reports.filter((report) => (report?.opened ?? 0) > 0).length;
}

/** What has come of all starts so far. */
export async function resultOf(
  { redis }: Site,
  { listeners: [inPod, onHost] }: Forbidden,
  sawOpen: number,
): Promise<RaceResult> {
  return {
    starts: await redis.client.llen(started),
    reachedPod: inPod.came().length,
    reachedHost: onHost.came().length,
    sawOpen,
  };
}

function nameOf(runtime: string): string {
  return `racer-${runtime.toLowerCase()}`;
}
