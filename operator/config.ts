/** The operator's settings, from flags and the environment. The only place that reads `process.env`. */
import { isIP } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import { formatHostPort, parseHostPort, parseListenAddress } from '../contract/host-port.ts';
import { type Block, parseBlock } from './redisworker/network/allow-net/address.ts';
import type { LogLevel } from './observability/log.ts';
import { type RedisFlags, withRedisFlags } from './redis-flags.ts';
import { type DefaultRedisSettings, readDefaultRedis } from './redis-settings.ts';
import { type HostRule, parseHostRule } from './redisworker/network/redis-hosts.ts';
import { type Canary, parseCanary } from './redisworker/network/gate.ts';
import {
  type ConsentLabel,
  type DeniablePodField,
  deniablePodFields,
  type PodNetwork,
  podNetworks,
} from './redisworker/model/blueprint.ts';
import { version, workerImage } from './version.ts';

const labelName = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const labelPattern = new RegExp(`^((?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${labelName})(?:=(${labelName}|))?$`);

/** Settings of one operator process. */
export interface OperatorConfig extends DefaultRedisSettings {
  /** Only this namespace is served; all when undefined. */
  readonly namespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly workerImage: string;
  /** Search domains of the nodes' own resolv.conf, which the kubelet adds to those of pods. */
  readonly searchDomains: readonly string[];
  /** Where /healthz, /readyz and /metrics are served. */
  readonly httpAddress: string;
  readonly httpPort: number;
  /** What pods dial to find out whether their network is closed; undefined verifies nothing and listens nowhere. */
  readonly canary: Canary | undefined;
  readonly canaryListen: { readonly address: string; readonly port: number };
  readonly leaderElect: boolean;
  /** Namespace of the Lease, and its name. */
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly logLevel: LogLevel;
  /** Reconciles that run at once. */
  readonly concurrency: number;
  /** `address:port` of the DNS server to ask for names outside; those of resolv.conf when undefined. */
  readonly dnsServer: string | undefined;
  /** Blocks of pods, Services and nodes that no name outside opens. */
  readonly clusterBlocks: readonly Block[];
  /** Fields of spec.pod no worker may set. */
  readonly deniedPodFields: readonly DeniablePodField[];
  /** Hosts spec.redis may name; all that are not closed when empty. */
  readonly redisHosts: readonly HostRule[];
  /** Label demanded of every Secret a spec refers to. */
  readonly secretConsent: ConsentLabel | undefined;
  readonly podNetwork: PodNetwork;
  /** Name of this process in the Lease. */
  readonly identity: string;
}

interface Flags extends RedisFlags {
  namespace?: string;
  kubeconfig?: string;
  workerImage: string;
  searchDomain: string[];
  http: { address: string; port: number };
  canaryAddress?: Canary;
  canaryListen: { address: string; port: number };
  leaderElect: boolean;
  leaseNamespace?: string;
  leaseName: string;
  logLevel: LogLevel;
  concurrency: number;
  dnsServer?: string;
  clusterCidr: readonly Block[];
  denyPodField: readonly DeniablePodField[];
  redisHosts: readonly HostRule[];
  secretConsentLabel?: ConsentLabel;
  podNetwork: PodNetwork;
}

/**
 * Reads the settings. A wrong flag ends the process with one sentence and exit code 2.
 * @param argv arguments without interpreter and script
 */
export function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv = process.env): OperatorConfig {
  const program = command(environment).parse(argv, { from: 'user' });
  const flags = program.opts<Flags>();
  return {
    ...readDefaultRedis(program, environment),
    namespace: flags.namespace,
    kubeconfig: flags.kubeconfig ?? environment['KUBECONFIG'],
    workerImage: flags.workerImage,
    searchDomains: flags.searchDomain,
    httpAddress: flags.http.address,
    httpPort: flags.http.port,
    canary: flags.canaryAddress,
    canaryListen: flags.canaryListen,
    leaderElect: flags.leaderElect,
    leaseNamespace: flags.leaseNamespace ?? environment['POD_NAMESPACE'] ?? 'default',
    leaseName: flags.leaseName,
    logLevel: flags.logLevel,
    concurrency: flags.concurrency,
    dnsServer: flags.dnsServer,
    clusterBlocks: flags.clusterCidr,
    deniedPodFields: flags.denyPodField,
    redisHosts: flags.redisHosts,
    secretConsent: flags.secretConsentLabel,
    podNetwork: flags.podNetwork,
    identity: environment['POD_NAME'] ?? environment['HOSTNAME'] ?? 'operator',
  };
}

function command(environment: NodeJS.ProcessEnv): Command {
  const program = new Command('redisworker-operator')
    .description('Runs RedisWorkers on the cluster of the kubeconfig, or of the pod this runs in.')
    .version(version);
  return withRedisFlags(program)
    .option('--namespace <name>', 'serve only this namespace')
    .option('--kubeconfig <file>', "kubeconfig to use [KUBECONFIG, then the pod's own]")
    .option('--worker-image <image>', 'image of worker pods that name none; the default is on no registry', workerImage)
    .addOption(
      new Option(
        '--search-domain <domain>',
        "search domain of the nodes' resolv.conf, which Cilium policies have to name; may be given again",
      ).argParser(searchDomain).default([], 'none'),
    )
    .addOption(
      new Option('--http <address>', 'where /healthz, /readyz and /metrics are served')
        .argParser(listenAddress)
        .default(httpDefault(environment), '127.0.0.1:8080, in a pod 0.0.0.0:8080'),
    )
    .option(
      '--canary-address <host:port>',
      'this operator as pods dial it, to verify that policies hold: a name that leads to ready operators alone',
      canaryAddress,
    )
    .addOption(
      new Option('--canary-listen <address>', 'where every replica listens for it, when there is one')
        .argParser(listenAddress)
        .default({ address: '0.0.0.0', port: 8086 }, '0.0.0.0:8086'),
    )
    .option(
      '--dns-server <address>',
      "DNS server, as address:port, to ask for names outside the cluster; it must answer as the pods' own does [resolv.conf, in a pod the cluster's]",
      dnsServer,
    )
    .addOption(
      new Option(
        '--cluster-cidr <cidr>',
        'block of pod, Service or node addresses that no name opens, where those are not private; may be given again',
      ).argParser(cidr).default([], 'none'),
    )
    .addOption(
      new Option(
        '--deny-pod-field <field>',
        `field of spec.pod no worker may set: ${deniablePodFields.join(', ')}; may be given again`,
      ).argParser(podField).default([], 'none'),
    )
    .addOption(
      new Option(
        '--redis-hosts <host>',
        'host spec.redis may name: a name, *.example.com, an address or a CIDR; may be given again',
      ).argParser(hostRule).default(
        [],
        'all but loopback, link-local and metadata addresses, the API server and --redis',
      ),
    )
    .option(
      '--secret-consent-label <key[=value]>',
      'label a Secret has to carry before a worker may refer to it; with any value when none is given',
      consentLabel,
    )
    .addOption(
      new Option(
        '--pod-network <kind>',
        'Shared where the loopback of pods is that of this machine, so that a Redis on it is within their reach',
      ).choices(podNetworks).default('Own'),
    )
    .option('--no-leader-elect', 'reconcile without holding the Lease; never with two operators')
    .option('--lease-namespace <name>', 'namespace of the Lease [POD_NAMESPACE, then default]')
    .option('--lease-name <name>', 'name of the Lease', 'redisworker-operator')
    .option('--log-level <level>', 'debug, info, warn or error', logLevel, 'info')
    .option('--concurrency <number>', 'reconciles that run at once', whole, 8)
    .allowExcessArguments(false)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

/** In a pod the kubelet and Prometheus ask from outside; on a person's machine nobody else is to. */
function httpDefault(environment: NodeJS.ProcessEnv): { address: string; port: number } {
  const inPod = environment['KUBERNETES_SERVICE_HOST'] !== undefined;
  return { address: inPod ? '0.0.0.0' : '127.0.0.1', port: 8080 };
}

function searchDomain(text: string, before: readonly string[]): string[] {
  const domain = text.toLowerCase().replace(/\.$/, '');
  if (!/^[a-z0-9_]([-a-z0-9_.]{0,251}[a-z0-9_])?$/.test(domain) || domain.includes('..')) {
    throw new InvalidArgumentError('must be a domain, such as eu-west-1.compute.internal');
  }
  return [...before, domain];
}

function listenAddress(text: string): { address: string; port: number } {
  const address = parseListenAddress(text);
  if (!address) throw new InvalidArgumentError('must be address:port, such as 127.0.0.1:8080');
  return { address: address.host, port: address.port };
}

function canaryAddress(text: string): Canary {
  const canary = parseCanary(text);
  if (!canary) throw new InvalidArgumentError('must be host:port, such as redisworker-canary.redisworker.svc:8086');
  return canary;
}

function dnsServer(text: string): string {
  const server = parseHostPort(text);
  if (!server || isIP(server.host) === 0) {
    throw new InvalidArgumentError(
      'must be the IP address and port of a DNS server, such as 10.96.0.10:53 or [fd00::a]:53',
    );
  }
  return formatHostPort(server);
}

function cidr(text: string, before: readonly Block[]): readonly Block[] {
  const block = parseBlock(text);
  if (!block) throw new InvalidArgumentError('must be a block of addresses, such as 10.244.0.0/16 or 2001:db8::/48');
  return [...before, block];
}

function podField(text: string, before: readonly DeniablePodField[]): readonly DeniablePodField[] {
  const field = deniablePodFields.find((one) => one === text);
  if (!field) throw new InvalidArgumentError(`must be one of ${deniablePodFields.join(', ')}`);
  return [...before, field];
}

function hostRule(text: string, before: readonly HostRule[]): readonly HostRule[] {
  const rule = parseHostRule(text);
  if (!rule) throw new InvalidArgumentError('must be a host, such as redis.example.com, *.example.com or 10.1.0.0/16');
  return [...before, rule];
}

function consentLabel(text: string): ConsentLabel {
  const [, key, value] = labelPattern.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('must be a label, such as example.com/workers=allowed');
  return value === undefined ? { key } : { key, value };
}

function logLevel(text: string): LogLevel {
  const level = (['debug', 'info', 'warn', 'error'] as const).find((one) => one === text);
  if (!level) throw new InvalidArgumentError('must be debug, info, warn or error');
  return level;
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 to 9999');
  return Number(text);
}
