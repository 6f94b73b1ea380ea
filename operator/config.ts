/** The operator's settings, from flags and the environment. The only place that reads `process.env`. */
import { isIP } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import { formatHostPort, parseHostPort } from '../contract/host-port.ts';
import { type CodeFlags, withCodeFlags } from './code-flags.ts';
import { type CodeSettings, readCodeFlags } from './code-settings.ts';
import { type ListenAddress, listenAddress } from './listen-address.ts';
import { type MetricsFlags, type MetricsSettings, readMetricsSettings, withMetricsFlags } from './metrics-settings.ts';
import type { LogLevel } from './observability/log.ts';
import { type PageFlags, type PageSettings, readPageSettings, withPageFlag } from './page-settings.ts';
import { type ObjectFlags, type ObjectSettings, readObjectFlags, withObjectFlags } from './object-flags.ts';
import { type RedisFlags, withRedisFlags } from './redis-flags.ts';
import { type DefaultRedisSettings, readDefaultRedis } from './redis-settings.ts';
import { version } from './version.ts';

/** Settings of one operator process. */
export interface OperatorConfig extends DefaultRedisSettings, ObjectSettings {
  /** Only this namespace is served; all when undefined. */
  readonly namespace: string | undefined;
  /** Named by a flag; $KUBECONFIG and what comes after it are looked at where the cluster is connected. */
  readonly kubeconfig: string | undefined;
  /** Where /healthz and /readyz are served, and /metrics unless it has a port of its own. */
  readonly httpAddress: string;
  readonly httpPort: number;
  /** Metrics on a port of their own; beside the probes when undefined. */
  readonly metrics: MetricsSettings | undefined;
  /** Workers that metrics name; the others are added up. */
  readonly metricsPerWorkerLimit: number;
  /** The status page; nowhere when undefined. */
  readonly page: PageSettings | undefined;
  readonly code: CodeSettings;
  readonly canaryListen: ListenAddress;
  readonly leaderElect: boolean;
  /** Namespace of the Lease, and its name. */
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly logLevel: LogLevel;
  /** Reconciles that run at once. */
  readonly concurrency: number;
  /** Calls to the API server per second; as many as it takes when undefined. */
  readonly kubeApiRate: { readonly perSecond: number; readonly burst: number } | undefined;
  /** `address:port` of the DNS server to ask for names outside; those of resolv.conf when undefined. */
  readonly dnsServer: string | undefined;
  /** Name of this process in the Lease. */
  readonly identity: string;
}

interface Flags extends RedisFlags, ObjectFlags, CodeFlags, MetricsFlags, PageFlags {
  namespace?: string;
  kubeconfig?: string;
  http: ListenAddress;
  canaryListen: ListenAddress;
  leaderElect: boolean;
  leaseNamespace?: string;
  leaseName: string;
  logLevel: LogLevel;
  concurrency: number;
  kubeApiQps?: number;
  kubeApiBurst?: number;
  dnsServer?: string;
}

/**
 * Reads the settings. A wrong flag ends the process with one sentence and exit code 2.
 * @param argv arguments without interpreter and script
 */
export function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv = process.env): OperatorConfig {
  const program = operatorCommand(environment).parse(argv, { from: 'user' });
  const flags = program.opts<Flags>();
  return {
    ...readDefaultRedis(program, environment),
    ...readObjectFlags(flags),
    code: readCodeFlags(flags),
    namespace: flags.namespace,
    kubeconfig: flags.kubeconfig,
    httpAddress: flags.http.address,
    httpPort: flags.http.port,
    metrics: readMetricsSettings(program, flags.page !== undefined),
    metricsPerWorkerLimit: flags.metricsPerWorkerLimit,
    page: readPageSettings(program),
    canaryListen: flags.canaryListen,
    leaderElect: flags.leaderElect,
    leaseNamespace: flags.leaseNamespace ?? environment['POD_NAMESPACE'] ?? 'default',
    leaseName: flags.leaseName,
    logLevel: flags.logLevel,
    concurrency: flags.concurrency,
    kubeApiRate: kubeApiRate(program, flags),
    dnsServer: flags.dnsServer,
    identity: environment['POD_NAME'] ?? environment['HOSTNAME'] ?? 'operator',
  };
}

/** The operator's flags. */
export function operatorCommand(environment: NodeJS.ProcessEnv): Command {
  const program = new Command('redisworker-operator')
    .description('Runs RedisWorkers on the cluster of the kubeconfig, or of the pod this runs in.')
    .version(version);
  return withPageFlag(withMetricsFlags(withCodeFlags(withObjectFlags(withRedisFlags(program)))))
    .option('--namespace <name>', 'serve only this namespace')
    .option('--kubeconfig <file>', "kubeconfig to use [KUBECONFIG, then the pod's own]")
    .addOption(
      new Option('--http <address>', 'where /healthz and /readyz are served, and /metrics unless --metrics is given')
        .argParser(listenAddress)
        .default(httpDefault(environment), '127.0.0.1:8080, in a pod 0.0.0.0:8080'),
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
    .option('--no-leader-elect', 'reconcile without holding the Lease; never with two operators')
    .option('--lease-namespace <name>', 'namespace of the Lease [POD_NAMESPACE, then default]')
    .option('--lease-name <name>', 'name of the Lease', 'redisworker-operator')
    .option('--log-level <level>', 'debug, info, warn or error', logLevel, 'info')
    .option('--concurrency <number>', 'reconciles that run at once', whole, 16)
    .option(
      '--kube-api-qps <number>',
      'calls per second to the API server at most [as many as it takes, which its own flow control says]',
      whole,
    )
    .option('--kube-api-burst <number>', 'calls that may be made at once above that rate [twice as many]', whole)
    .allowExcessArguments(false)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

function kubeApiRate(program: Command, { kubeApiQps, kubeApiBurst }: Flags): OperatorConfig['kubeApiRate'] {
  if (kubeApiQps !== undefined) return { perSecond: kubeApiQps, burst: kubeApiBurst ?? kubeApiQps * 2 };
  if (kubeApiBurst === undefined) return undefined;
  return program.error('--kube-api-burst says how far --kube-api-qps may be exceeded: give both');
}

/** In a pod the kubelet and Prometheus ask from outside; on a person's machine nobody else is to. */
function httpDefault(environment: NodeJS.ProcessEnv): ListenAddress {
  const inPod = environment['KUBERNETES_SERVICE_HOST'] !== undefined;
  return { address: inPod ? '0.0.0.0' : '127.0.0.1', port: 8080 };
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

function logLevel(text: string): LogLevel {
  const level = (['debug', 'info', 'warn', 'error'] as const).find((one) => one === text);
  if (!level) throw new InvalidArgumentError('must be debug, info, warn or error');
  return level;
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 to 9999');
  return Number(text);
}
