/** The very operator that runs in a cluster, on the cluster inside this process. */
import { randomUUID } from 'node:crypto';
import { rmdir } from 'node:fs/promises';
import { env } from 'node:process';
import { manifestProblems } from '../operator/api/redisworker.ts';
import { type Cluster, keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { followFiles } from '../operator/cluster/local/files/follow-files.ts';
import { openLocalCluster } from '../operator/cluster/local/local-cluster.ts';
import { startNode } from '../operator/cluster/local/node/node.ts';
import { startServices } from '../operator/cluster/local/services/services.ts';
import { defaultRedisTls, workerIdentity } from '../operator/default-redis-tls.ts';
import { machineLookUp } from '../operator/dns/lookup.ts';
import { startHttp } from '../operator/observability/http.ts';
import { createLog, type Log } from '../operator/observability/log.ts';
import { createMetrics, type Metrics } from '../operator/observability/metrics.ts';
import { type Operator, startOperator } from '../operator/operator.ts';
import { localUid } from '../operator/local-uid.ts';
import { systemClock } from '../operator/clock.ts';
import { annotations } from '../operator/redisworker/model/names.ts';
import { codeResolver, moduleBundler, registriesOf, typeChecker } from './bundle-module.ts';
import { fail } from './failure.ts';
import { denoPath, imageRoot } from './installation.ts';
import { serveLocalPage } from './local-page.ts';
import { claimSession, identityOf } from './session-claim.ts';
import type { LocalOperator, LocalSettings } from './session.ts';

const nodeName = 'this-machine';

/** Writing a status costs nothing here, and whoever looks at it waits for it. */
const countersEveryMs = 1000;

/** Starts the operator; the pods it asks for run as processes of this machine. */
export async function startLocalOperator(settings: LocalSettings): Promise<LocalOperator> {
  const log = logTo(settings);
  const metrics = createMetrics();
  await using starting = new AsyncDisposableStack();
  const { url: redisUrl, ...redisLogin } = settings.redis;
  const redisTls = settings.tlsFiles && defaultRedisTls(settings.tlsFiles);
  const claim = await claimSession(settings.name, settings.redis, log, () => redisTls?.current());
  starting.defer(() => claim.release());
  const cluster = await openLocalCluster({ log, nodeName, uid: stableUids(settings.name) });
  starting.defer(() => cluster.close());
  await startMachine(settings, cluster, log, starting);
  const operator = startOperator({
    cluster,
    log,
    metrics,
    redisUrl,
    redisLogin,
    redisTls,
    // Whoever starts it is the author of its workers.
    redisWorkerIdentity: settings.tlsFiles?.certFile === undefined ? undefined : workerIdentity(settings.tlsFiles),
    defaultRedisNamespaces: 'All',
    workerImage: 'local',
    policyEnforcement: 'None',
    lookUp: machineLookUp(),
    code: codeResolver({ environment: env }, systemClock),
    registries: registriesOf(env),
    countersEveryMs,
  });
  starting.defer(() => operator.stop());
  await serveMetrics(settings.metricsPort, operator, metrics, starting);
  const onNote = (note: string) => settings.io.out(`… ${note}`);
  const bundle = moduleBundler({ environment: env, check: false });
  const files = await followFiles(settings.files, cluster, log, {
    validate: manifestProblems,
    onNote,
    bundle,
    checkTypes: typeChecker({ environment: env }),
    modules: settings.modules,
  });
  starting.defer(() => files.close());
  const workers = cluster.follow(resources.redisWorkers);
  starting.defer(() => workers.stop());
  await Promise.all([workers.synced, operator.started]);
  if (settings.pagePort !== undefined) {
    const page = await serveLocalPage(settings.pagePort, { operator, log, problems: () => files.problems() });
    starting.defer(() => page.close());
    settings.io.out(`✓ the status page is at ${page.url}`);
  }
  const running = starting.move();
  return {
    workers: () => workers.list(),
    problems: () => files.problems(),
    events: () => cluster.events(),
    requestResolve: async (worker, wish) => {
      const patch = { metadata: { annotations: { [annotations.resolveRequestedAt]: wish } } };
      await cluster.patch(resources.redisWorkers, worker, patch);
    },
    lost: claim.lost,
    onChange: (listener) => workers.onChange((type, worker) => (type === 'deleted' ? undefined : listener(worker))),
    stop: () => running.disposeAsync(),
  };
}

/** The node agent, with our own files in the place of the image's, and what leads to its pods. */
async function startMachine(
  { dataFolder, onPodLine }: LocalSettings,
  cluster: Cluster,
  log: Log,
  starting: AsyncDisposableStack,
): Promise<void> {
  const node = await startNode({
    cluster,
    log,
    nodeName,
    denoPath: denoPath(),
    dataDir: dataFolder,
    imageRoot,
    searchPath: env['PATH'] ?? '',
    onLog: ({ pod, line }) => onPodLine(pod.name, line),
  }).catch(fail);
  const stopServices = await startServices({ cluster, log, portOf: (podUid, port) => node.portOf(podUid, port) });
  starting.defer(async () => {
    await node.stop();
    await stopServices(); // what was asked is answered before
    await rmdir(dataFolder).catch(() => undefined); // what else is in there is worth keeping
  });
}

async function serveMetrics(
  port: number | undefined,
  operator: Operator,
  metrics: Metrics,
  starting: AsyncDisposableStack,
): Promise<void> {
  if (port === undefined) return;
  const http = await startHttp({
    address: '127.0.0.1',
    port,
    healthz: { process: () => undefined },
    readyz: {
      'live-copies': () => (operator.isStarted() ? undefined : 'waiting for the first complete list of every kind'),
    },
    metrics,
  }).catch(fail);
  starting.defer(() => http.close());
}

/** For people, whoever reads. Below errors it repeats what the conditions of workers tell already. */
function logTo({ verbose, io }: LocalSettings): Log {
  const destination = { write: (text: string) => io.err(text.trimEnd()) };
  return createLog({ level: verbose ? 'info' : 'error', pretty: true, colours: io.colours.err, destination });
}

/**
 * A worker has the same UID in every run of a session on this machine, so that a Redis that outlives
 * the session knows its config hashes again. A worker created a second time in one run is another one.
 */
function stableUids(session: string): (created: KubeObject) => string {
  const given = new Set<string>();
  return ({ kind, metadata }) => {
    if (kind !== resources.redisWorkers.kind) return randomUUID();
    const name = keyOf(metadata);
    const isFirst = !given.has(name);
    given.add(name);
    return localUid(session, isFirst ? identityOf(session, name) : randomUUID().replaceAll('-', ''));
  };
}
