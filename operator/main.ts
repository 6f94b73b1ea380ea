/** The operator process on a cluster: settings, canary, connection, endpoints, election, operator; closed in the opposite order. */
import { randomUUID } from 'node:crypto';
import { systemClock } from './clock.ts';
import { connectKubernetes, type KubernetesCluster } from './cluster/kubernetes/index.ts';
import { startCodeJobs } from './code-jobs/index.ts';
import type { CodeResolver } from './code/resolver.ts';
import { startCanary, watchCanary } from './canary.ts';
import { readConfig } from './config.ts';
import { onShutdown } from './controller/shutdown.ts';
import { shapingOptions } from './defaults.ts';
import { dnsLookUp } from './dns/lookup.ts';
import { collectWhenIdle, processUsage } from './idle-memory.ts';
import { startHttp } from './observability/http.ts';
import { createLog } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { WatchProblems } from './observability/watch-problems.ts';
import { hostOf } from './redisworker/network/gate.ts';
import { apiServerOf } from './redisworker/network/redis-hosts.ts';
import { type Operator, startOperator } from './operator.ts';

const config = readConfig(process.argv.slice(2));
const log = createLog({ level: config.logLevel });
const metrics = createMetrics(config.metricsPerWorkerLimit);
const watchProblems = new WatchProblems();
const shutdown = onShutdown(process, {
  deadlineMs: 20_000,
  clock: systemClock,
  log,
  exit: (code) => process.exit(code),
});

void start().catch((error: unknown) => {
  if (!shutdown.isStopping) { // what a signal breaks off is no fault
    log.error(error instanceof Error ? error.message : String(error));
    log.debug({ err: error }, 'where it came from');
  }
  return shutdown.stop('it could not start', 1);
});

async function start(): Promise<void> {
  const canaryProblem = await openCanary();
  const cluster = await connect();
  let operator: Operator | undefined;
  await serve(() => operator);
  await serveMetrics(cluster);
  await servePage(cluster, () => operator);
  const lead = (): void => {
    metrics.leading(config.leaseName, true);
    const redisHosts = { allowed: config.redisHosts, apiServer: apiServerOf(cluster.server) };
    const code = codeResolver(cluster);
    const started = startOperator({ ...operatorSettings(), cluster, code, canaryProblem, redisHosts });
    shutdown.closes('operator', () => started.stop());
    operator = started;
  };
  if (config.leaderElect) standForElection(cluster, lead);
  else lead();
  giveBackMemory();
}

/** Where Node was told to let a program collect, as in the image. */
function giveBackMemory(): void {
  const { gc } = globalThis;
  if (!gc) return;
  // Any other collection has V8 keep the pages it empties.
  const collect = (): void => gc({ type: 'major', flavor: 'last-resort' });
  shutdown.closes('idle memory', collectWhenIdle({ clock: systemClock, usage: processUsage, collect }));
}

/**
 * Before any pod is made, and on every replica: a pod that is not refused by one of them is not held by a policy. Closed
 * last: a pod that starts meanwhile would take its silence for a closed network.
 */
async function openCanary(): Promise<() => string | undefined> {
  if (!config.canary) return () => undefined;
  const canary = await startCanary(config.canaryListen);
  shutdown.closes('canary', () => canary.close());
  const dialled = { address: hostOf(config.canary), port: config.canary.port };
  const watch = watchCanary(dialled, systemClock, (problem) => {
    if (problem === undefined) {
      log.info('the operator reaches its canary');
    } else {
      log.warn(
        { problem },
        'the operator does not reach its own canary: no refusal proves that policies hold; see --canary-address',
      );
    }
  });
  shutdown.closes('canary watch', () => watch.stop());
  return () => watch.problem();
}

async function connect(): Promise<KubernetesCluster> {
  const cluster = await connectKubernetes({
    log,
    ...(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }),
    ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
    rate: config.kubeApiRate,
    hooks: {
      requestDone: (request) => metrics.requestDone(request),
      watched: (kind) => metrics.watched(kind),
      watchRestarted: (kind, cause) => metrics.watchRestarted(kind, cause),
      eventsDropped: (count) => metrics.eventsDropped(count),
      watchProblem: (kind, problem) => watchProblems.set(kind, problem),
    },
  });
  shutdown.closes('cluster', () => cluster.close());
  log.info({ server: cluster.server, redis: config.redisUrl, namespace: config.namespace ?? 'all' }, 'connected');
  return cluster;
}

/** A follower is ready: it stands by, and only the leader's copies have to be complete. */
async function serve(operator: () => Operator | undefined): Promise<void> {
  const http = await startHttp({
    address: config.httpAddress,
    port: config.httpPort,
    healthz: { process: () => undefined },
    readyz: {
      'live-copies': () => (operator()?.isStarted() === false
        ? ['waiting for the first complete list of every kind', ...watchProblems.list()].join('; ')
        : undefined),
    },
    metrics: config.metrics === undefined ? metrics : undefined,
  });
  shutdown.closes('http', () => http.close());
  const served = config.metrics === undefined ? '/healthz, /readyz and /metrics' : '/healthz and /readyz';
  log.info({ port: http.port }, `serving ${served}`);
}

/** On a port of their own, where that is asked for; what it needs is loaded only then. */
async function serveMetrics(cluster: KubernetesCluster): Promise<void> {
  if (config.metrics === undefined) return;
  const { openMetricsPort } = await import('./metrics-port.ts');
  const review = (token: string) => cluster.review(token, '/metrics');
  const server = await openMetricsPort(config.metrics, { review, metrics, log, clock: systemClock });
  shutdown.closes('metrics', () => server.close());
}

/** Where that is asked for; what it needs is loaded only then. */
async function servePage(cluster: KubernetesCluster, operator: () => Operator | undefined): Promise<void> {
  if (config.page === undefined) return;
  const { openPagePort } = await import('./page-port.ts');
  const review = (token: string) => cluster.review(token, '/page');
  const server = await openPagePort(config.page, { operator, review, log, clock: systemClock });
  shutdown.closes('page', () => server.close());
}

/** A process that has led and lost ends: its work may be another's by now. */
function standForElection(cluster: KubernetesCluster, lead: () => void): void {
  const election = cluster.elect({
    namespace: config.leaseNamespace,
    name: config.leaseName,
    identity: `${config.identity}_${randomUUID()}`,
    onStarted: lead,
    onLost: (why) => void shutdown.stop(`lost the lease: ${why}`, 1),
  });
  shutdown.closes('lease', () => election.stop());
}

/** Undefined where the admin wants no Jobs. */
function codeResolver(cluster: KubernetesCluster): CodeResolver | undefined {
  const { code: { jobResources: resources, jobWay: way, registry }, workerImage: image, podUser } = config;
  if (resources === undefined) return undefined;
  const { clusterBlocks, searchDomains } = config;
  const around = { cluster, clock: systemClock, lookUp: dnsLookUp(config.dnsServer), clusterBlocks, searchDomains };
  return startCodeJobs({ ...around, registry, settings: { image, podUser, resources, way } });
}

function operatorSettings(): Omit<Parameters<typeof startOperator>[0], 'cluster'> {
  return {
    log,
    metrics,
    ...shapingOptions(config),
    registries: config.code.registries,
    lookUp: dnsLookUp(config.dnsServer),
    namespace: config.namespace,
    concurrency: config.concurrency,
  };
}
