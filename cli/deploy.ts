/** `redisworker deploy`: builds manifests, applies what comes of them to a cluster, and waits for their workers. */
import { ClusterError, keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import type { KubernetesCluster } from '../operator/cluster/kubernetes/index.ts';
import { codeOf } from '../operator/cluster/local/files/bundled-worker.ts';
import type { BundleModule } from '../operator/cluster/local/files/module-builds.ts';
import type { ClusterAccess } from './access-words.ts';
import { announce } from './announce.ts';
import { buildAll } from './build.ts';
import type { BuiltFile } from './build-documents.ts';
import { connect } from './cluster-access.ts';
import { isCrashing } from './crashing.ts';
import { type Deployed, objectsOf, whyNotApplied } from './deploy-objects.ts';
import { type ExitCode, exitCodes, fail, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { linesOfManifests, type ManifestLines } from './manifest-lines.ts';
import { isModuleFile, type ModuleSettings } from './module-manifest.ts';
import { unnamedCode } from './prune-code.ts';
import { type Outlook, outlookOf, untilStanding } from './wait.ts';
import { statusOf } from './worker-status.ts';
import { isCurrent } from './worker-type.ts';

/** What to deploy, and where to. */
export interface DeployOptions extends ClusterAccess {
  /** Manifest files, folders of them, and modules. */
  readonly files: readonly string[];
  readonly settings: ModuleSettings;
  /** Of documents that name none; without it the one of the kubeconfig's context, or of the pod. */
  readonly namespace: string | undefined;
  readonly timeoutSeconds: number;
  /** Takes over fields that others have written. */
  readonly force: boolean;
}

const manager = 'redisworker-cli';
const everyMs = 500;

/** Applies all of it, or nothing when anything is wrong. @throws Failure */
export async function deploy(options: DeployOptions, bundle: BundleModule, io: Io): Promise<ExitCode> {
  const { files, settings } = options;
  const built = await buildAll(files, settings, bundle);
  const cluster = await connect(options);
  try {
    const namespace = options.namespace ?? cluster.ownNamespace ?? 'default';
    return await deployTo(cluster, objectsOf(built, namespace), linesOf(built, namespace), options, io);
  } finally {
    await cluster.close();
  }
}

async function deployTo(
  cluster: KubernetesCluster,
  { objects, problems }: Deployed,
  lines: ManifestLines,
  { force, timeoutSeconds }: DeployOptions,
  io: Io,
): Promise<ExitCode> {
  for (const problem of problems) io.err(problem);
  if (problems.length > 0) return exitCodes.failed;
  for (const dryRun of [true, false]) {
    for (const object of objects) {
      await cluster.applyBeside(object, manager, { force, dryRun }).catch((error: unknown) => {
        throw new Failure(whyNotApplied(object, error), exitCodes.failed, { cause: error });
      });
      if (!dryRun) io.out(`✓ ${object.kind} ${keyOf(object.metadata)} is applied`);
    }
  }
  const workers = objects.filter(({ kind }) => kind === resources.redisWorkers.kind);
  if (workers.length === 0) return exitCodes.ok;
  const code = await untilStanding(() => lookAt(cluster, workers, lines), { everyMs, timeoutSeconds }, io);
  if (code === exitCodes.ok) await prune(cluster, workers, io);
  return code;
}

/** Former code that no worker names goes. Whoever may not do that has deployed all the same. */
async function prune(cluster: KubernetesCluster, workers: readonly KubeObject[], io: Io): Promise<void> {
  for (const [namespace = 'default', deployed] of Map.groupBy(workers, ({ metadata }) => metadata.namespace)) {
    try {
      const [code, all] = await Promise.all([
        cluster.list(resources.configMaps, { namespace, labels: { [codeOf]: null } }),
        cluster.list(resources.redisWorkers, { namespace }),
      ]);
      for (const { metadata } of unnamedCode(deployed, { code, workers: all })) {
        await cluster.delete(resources.configMaps, metadata);
        io.out(`✓ ConfigMap ${keyOf(metadata)} is deleted: no worker names it any more`);
      }
    } catch (error) {
      if (!(error instanceof ClusterError) || error.status !== 403) throw error;
      io.err(`former code stays in the namespace ${namespace}: you may not list or delete its ConfigMaps`);
    }
  }
}

/** How they stand now; what keeps one from running is told with its reason and its line. */
async function lookAt(
  cluster: KubernetesCluster,
  workers: readonly KubeObject[],
  lines: ManifestLines,
): Promise<Outlook> {
  const found = await Promise.all(workers.map(({ metadata }) => cluster.get(resources.redisWorkers, metadata)))
    .catch(fail);
  const missing = workers.filter((_, at) => found[at] === undefined);
  if (missing.length > 0) {
    const gone = missing.map(({ metadata }) => `RedisWorker ${keyOf(metadata)} was deleted meanwhile`);
    return { standing: 'failed', lines: gone };
  }
  const items = found.filter((worker) => worker !== undefined);
  const outlook = outlookOf({ started: true, items, problems: [] }, [], true, 'the cluster');
  if (outlook.standing === 'ready') return outlook;
  const standing = items.some(isCrashing) ? 'failed' : outlook.standing;
  return { standing, lines: items.flatMap((one) => faultOf(one, lines)) };
}

/** Nothing of a worker that is ready. */
function faultOf(worker: KubeObject, lines: ManifestLines): readonly string[] {
  const key = keyOf(worker.metadata);
  if (!isCurrent(worker)) {
    return [lines.of(key, 'no operator has looked at it yet: is one running, and does it follow this namespace?')];
  }
  const { standing, line } = announce(worker);
  if (standing === 'ready') return [];
  const { conditions = [] } = statusOf(worker);
  const cause = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True') ??
    conditions.find(({ type, status }) => type === 'Ready' && status !== 'True');
  return [cause?.message === undefined ? line : lines.of(key, `${cause.reason ?? 'Unknown'}: ${cause.message}`)];
}

/** A module has no manifest with lines. */
function linesOf(built: readonly BuiltFile[], namespace: string): ManifestLines {
  const manifests = built.filter(({ shown }) => !isModuleFile(shown));
  return linesOfManifests(new Map(manifests.map(({ shown, source }) => [shown, source])), namespace);
}
