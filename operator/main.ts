/** The operator process on a cluster: configuration, connection, election, endpoints, shutdown. */
import { randomUUID } from 'node:crypto';
import { systemClock } from './clock.ts';
import { connectKubernetes } from './cluster/kubernetes/index.ts';
import { startCanary, watchCanary } from './canary.ts';
import { readConfig } from './config.ts';
import { onShutdown } from './controller/shutdown.ts';
import { dnsLookUp } from './dns/lookup.ts';
import { startHttp } from './observability/http.ts';
import { createLog } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { WatchProblems } from './observability/watch-problems.ts';
import { hostOf } from './redisworker/network/gate.ts';
import { type Operator, startOperator } from './operator.ts';

const config = readConfig(process.argv.slice(2));
const log = createLog({ level: config.logLevel });
const metrics = createMetrics();
const watchProblems = new WatchProblems();

const cluster = await connectKubernetes({
  log,
  ...(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }),
  ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
  hooks: {
    requestDone: (request) => metrics.requestDone(request),
    watchRestarted: (kind, cause) => metrics.watchRestarted(kind, cause),
    eventsDropped: (count) => metrics.eventsDropped(count),
    watchProblem: (kind, problem) => watchProblems.set(kind, problem),
  },
});
log.info({ server: cluster.server, redis: config.redisUrl, namespace: config.namespace ?? 'all' }, 'connected');

// Before any pod is made, and on every replica: a pod that is not refused by one of them is not held by a policy.
const canary = config.canary && await startCanary(config.canaryListen);
const canaryWatch = config.canary &&
  watchCanary({ address: hostOf(config.canary), port: config.canary.port }, systemClock, (problem) => {
    if (problem === undefined) log.info('the operator reaches its canary');
    else {log.warn(
        { problem },
        'the operator does not reach its own canary: no refusal proves that policies hold; see --canary-address',
      );}
  });

let operator: Operator | undefined;
const lead = () => {
  metrics.leading(config.leaseName, true);
  operator = startOperator({
    cluster,
    log,
    metrics,
    redisUrl: config.redisUrl,
    redisLogin: {
      ...(config.redisUsername === undefined ? {} : { username: config.redisUsername }),
      ...(config.redisPassword === undefined ? {} : { password: config.redisPassword }),
    },
    workerImage: config.workerImage,
    policyEnforcement: 'Unverified',
    searchDomains: config.searchDomains,
    canary: config.canary,
    canaryProblem: () => canaryWatch?.problem(),
    lookUp: dnsLookUp(config.dnsServer),
    clusterBlocks: config.clusterBlocks,
    deniedPodFields: config.deniedPodFields,
    namespace: config.namespace,
    concurrency: config.concurrency,
  });
};

const election = config.leaderElect
  ? cluster.elect({
    namespace: config.leaseNamespace,
    name: config.leaseName,
    identity: `${config.identity}_${randomUUID()}`,
    onStarted: lead,
    onLost: (why) => void shutDown(`lost the lease: ${why}`),
  })
  : undefined;
if (!election) lead();

const http = await startHttp({
  address: config.httpAddress,
  port: config.httpPort,
  healthz: { process: () => undefined },
  // A follower is ready: it stands by, and only the leader's copies have to be complete.
  readyz: {
    'live-copies': () => (operator && !operator.isStarted()
      ? ['waiting for the first complete list of every kind', ...watchProblems.list()].join('; ')
      : undefined),
  },
  metrics,
});
log.info({ port: http.port }, 'serving /healthz, /readyz and /metrics');

const shutDown = onShutdown(process, {
  deadlineMs: 20_000,
  clock: systemClock,
  log,
  exit: (code) => process.exit(code),
  closers: [
    { name: 'operator', close: () => operator?.stop() },
    { name: 'lease', close: () => election?.stop() },
    { name: 'http', close: () => http.close() },
    { name: 'cluster', close: () => cluster.close() },
    // Last: a pod that starts meanwhile would take its silence for a closed network.
    { name: 'canary', close: () => (canaryWatch?.stop(), canary?.close()) },
  ],
});
