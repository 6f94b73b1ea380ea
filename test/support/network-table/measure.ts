/** Measures a row of the table from inside its pod, with and without Deno. */
import type { NetworkPolicySpec } from '../../../operator/redisworker/desired/network-policy.ts';
import type { KubeObject } from '../../../operator/cluster/cluster.ts';
import type { NetworkNamespace } from '../node/network-namespace.ts';
import { patienceMs, type Site } from '../node/site.ts';
import { ask } from '../requests.ts';
import { type Cell, denoFlagsOf, expectedCell, type Layers, wrongCell } from './cell.ts';
import type { Column } from './columns.ts';

/** The module of every worker of the table: dials what a request names. UDP is a question to a DNS server. */
export const probingModule = `
interface Target { host: string; port: number; protocol: 'TCP' | 'UDP' }
const silent = () => new Promise<string>((resolve) => setTimeout(() => resolve('Closed'), 3000));
async function dial({ host, port, protocol }: Target): Promise<string> {
  try {
    if (protocol === 'UDP') await Deno.resolveDns('kubernetes.default.svc.cluster.local', 'A', { nameServer: { ipAddr: host, port } });
    else (await Deno.connect({ hostname: host, port })).close();
    return 'Open';
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? 'Denied' : 'Closed';
  }
}
export default ({ data }: { data: Target[] }) => Promise.all(data.map((target) => Promise.race([dial(target), silent()])));
`;

/** A row as it was measured last. */
export interface MeasuredRow {
  readonly cells: readonly Cell[];
  /** One sentence per cell that is not as expected. */
  readonly wrong: readonly string[];
}

/** A row counts as measured when all its cells are as expected so many times in a row. */
const inARow = 3;
/** Rows measured at once. */
const atOnce = 4;

/** Dials everything from every row until each is as expected three times in a row, or time is up. @returns rows by name */
export async function measureRows(
  site: Site,
  names: readonly string[],
  columns: readonly Column[],
): Promise<Map<string, MeasuredRow>> {
  const end = Date.now() + patienceMs;
  const rows = new Map<string, MeasuredRow>();
  const networks = new Map(
    await Promise.all(names.map(async (name) => [name, await podNetworkOf(site, name)] as const)),
  );
  for (let streaks = new Map(names.map((name) => [name, 0])); streaks.size > 0 && Date.now() < end;) {
    const layers = await readLayers(site);
    await eachOf([...streaks.keys()], async (name) => {
      rows.set(name, await measureRow(site, name, networks.get(name)!, layers(name), columns));
    });
    streaks = new Map(
      [...streaks].map(([name, streak]) => [name, rows.get(name)!.wrong.length === 0 ? streak + 1 : 0] as const).filter(
        ([, streak]) => streak < inARow,
      ),
    );
  }
  return rows;
}

async function eachOf(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const waiting = names.values();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const name of waiting) await work(name);
  }));
}

async function measureRow(
  site: Site,
  name: string,
  network: NetworkNamespace,
  layers: Layers,
  columns: readonly Column[],
): Promise<MeasuredRow> {
  const cells = await measure(site, name, network, columns);
  const wrong = columns.flatMap((column, index) => {
    const [expected, measured] = [expectedCell(layers, column), cells[index]!];
    return expected.raw === measured.raw && expected.deno === measured.deno
      ? []
      : [wrongCell(name, column, expected, measured)];
  });
  return { cells, wrong };
}

async function measure(
  { redis }: Site,
  type: string,
  network: NetworkNamespace,
  columns: readonly Column[],
): Promise<Cell[]> {
  const targets = columns.map(({ host, port, protocol }) => ({ host, port, protocol }));
  const [raw, reply] = await Promise.all([
    network.dial(columns.map(({ address, port, protocol }) => ({ host: address, port, protocol }))),
    ask(redis.client, type, targets, 60),
  ]);
  if (reply.code !== 200) throw new Error(`${type} answered ${JSON.stringify(reply)}`);
  const deno = reply.data as Cell['deno'][];
  return columns.map((_, index) => ({ raw: raw[index] === 'Open' ? 'Open' : 'Closed', deno: deno[index]! }));
}

async function podNetworkOf(site: Site, name: string): Promise<NetworkNamespace> {
  const [pod] = await site.list('pods', '-l', `redisworker.dev/name=${name}`, '--field-selector=status.phase=Running');
  if (!pod) throw new Error(`${name} has no running pod`);
  return site.node.podNetwork({ namespace: site.namespace, name: pod.metadata.name });
}

interface Policy extends KubeObject {
  readonly spec: NetworkPolicySpec;
}
interface Deployment extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly command: readonly string[] }[] } };
  };
}

/** What the operator gave the two layers, read from the API. */
async function readLayers(site: Site): Promise<(name: string) => Layers> {
  const [policies, deployments] = await Promise.all([
    site.list<Policy>('networkpolicies'),
    site.list<Deployment>('deployments'),
  ]);
  const of = <T extends KubeObject>(objects: readonly T[], name: string): T => {
    const found = objects.find(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name);
    if (!found) throw new Error(`${name} has no policy or no Deployment`);
    return found;
  };
  return (name) => ({
    policy: of(policies, name).spec,
    flags: denoFlagsOf(of(deployments, name).spec.template.spec.containers[0]!.command),
  });
}
