/** Argo CD without its faces: the application controller and the repository server, on a Redis of their own. */
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { inject } from 'vitest';
import { applyObjects, kubectlOk, serveCrds } from '../control-plane/shared.ts';
import { healthScript } from '../health.ts';
import { freePort, start, type TestProcess } from '../processes.ts';
import { startRedis } from '../redis.ts';
import { besideTool } from '../tools/tool.ts';
import { eventually } from '../wait.ts';

/** Where it lives. */
const home = 'argocd';

/** What these tests read of an Application. */
export interface Application {
  readonly status?: {
    readonly health?: { readonly status?: string };
    readonly sync?: { readonly status?: string; readonly revision?: string };
    readonly operationState?: { readonly phase?: string; readonly syncResult?: { readonly revision?: string } };
    readonly resources?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly status?: string;
      readonly health?: { readonly status: string; readonly message?: string };
    }[];
  };
}

/** Where an Application comes from and goes to. */
export interface Deployment {
  readonly name: string;
  /** Folder with the Git repository. */
  readonly repository: string;
  readonly path: string;
  readonly namespace: string;
  /** Makes the folder a chart. */
  readonly helm?: { readonly releaseName: string; readonly valuesObject: object };
}

/** It runs. */
export interface ArgoCd {
  /** Has it apply, prune and heal what is in Git. */
  deploy(deployment: Deployment): Promise<void>;
  application(name: string): Promise<Application>;
  /** Waits until it is synced to a commit and its health is this one. */
  settles(name: string, revision: string, health: string): Promise<Application>;
  /** Has it look at Git and at the cluster now. */
  refresh(name: string): Promise<void>;
  /** Deletes an Application with all it has. */
  remove(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param programs paths of the tools `argocd` and `helm3` */
export async function startArgoCd(programs: { argocd: string; helm: string }): Promise<ArgoCd> {
  await install(programs.argocd);
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-argocd-'));
  const env = await environment(folder, programs);
  const redis = await startRedis();
  const [repoServer, repoMetrics, metrics] = [await freePort(), await freePort(), await freePort()];
  const part = (name: string, ...args: string[]): TestProcess =>
    start(join(folder, 'bin', name), [...args, '--redis', `127.0.0.1:${redis.port}`], { env, cwd: folder });
  const parts = [
    part(
      'argocd-repo-server',
      ...['--disable-tls', '--client-ca-path=', '--address', '127.0.0.1', '--port', String(repoServer)],
      ...['--metrics-address', '127.0.0.1', '--metrics-port', String(repoMetrics)],
    ),
    part(
      'argocd-application-controller',
      ...['--namespace', home, '--repo-server', `127.0.0.1:${repoServer}`, '--repo-server-plaintext'],
      ...['--metrics-port', String(metrics), '--persist-resource-health', '--app-resync', '5'],
      '--self-heal-backoff-cap-seconds=2', // two changes by hand, one after the other, are healed at once
    ),
  ];
  const words = (): string => parts.map((one) => one.output().slice(-2000)).join('\n');
  await eventually('Argo CD runs', async () => (await fetch(`http://127.0.0.1:${metrics}/healthz`)).ok, 90_000)
    .catch((error: unknown) => {
      throw new Error(`Argo CD does not start:\n${words()}`, { cause: error });
    });
  return {
    ...applications(),
    async stop() {
      await Promise.all(parts.map((one) => one.stop()));
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What there is on a cluster with Argo CD, our health script included. */
async function install(argocd: string): Promise<void> {
  await serveCrds(...['application-crd.yaml', 'appproject-crd.yaml'].map((file) => besideTool(argocd, file)));
  const metadata = (name: string) => ({
    name,
    namespace: home,
    labels: { 'app.kubernetes.io/part-of': 'argocd' },
  });
  await applyObjects(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('argocd-secret'),
      stringData: { 'server.secretkey': 'test' },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('argocd-cm'),
      data: { 'resource.customizations.health.redisworker.dev_RedisWorker': await readFile(healthScript, 'utf8') },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace: home },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    },
  );
}

/** Programs by the names they are called by, and folders of the test's own. */
async function environment(
  folder: string,
  { argocd, helm }: { argocd: string; helm: string },
): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, 'bin');
  const data = ['tls', 'ssh', 'gpg', 'gnupg', 'plugins', 'tmp'];
  await Promise.all([bin, ...data.map((name) => join(folder, name))].map((path) => mkdir(path)));
  await writeFile(join(folder, 'ssh', 'ssh_known_hosts'), '');
  for (const name of ['argocd-repo-server', 'argocd-application-controller']) await symlink(argocd, join(bin, name));
  await symlink(helm, join(bin, 'helm'));
  for (const name of ['git-verify-wrapper.sh', 'gpg-wrapper.sh']) {
    await copyFile(besideTool(argocd, name), join(bin, basename(name)));
    await chmod(join(bin, name), 0o755);
  }
  return {
    PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    HOME: folder,
    TMPDIR: join(folder, 'tmp'),
    KUBECONFIG: inject('kubeconfig'),
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_TLS_DATA_PATH: join(folder, 'tls'),
    ARGOCD_SSH_DATA_PATH: join(folder, 'ssh'),
    ARGOCD_GPG_DATA_PATH: join(folder, 'gpg'),
    ARGOCD_GNUPGHOME: join(folder, 'gnupg'),
    ARGOCD_PLUGINSOCKFILEPATH: join(folder, 'plugins'),
  };
}

function applications(): Omit<ArgoCd, 'stop'> {
  const inHome = (...args: string[]): Promise<string> => kubectlOk(['-n', home, ...args]);
  const application = async (name: string): Promise<Application> =>
    JSON.parse(await inHome('get', 'application', name, '-o', 'json')) as Application;
  // Without being asked it looks at Git only every few minutes.
  const refresh = async (name: string): Promise<void> => {
    await inHome('annotate', '--overwrite', 'application', name, 'argocd.argoproj.io/refresh=normal');
  };
  return {
    application,
    refresh,
    async deploy({ name, repository, path, namespace, helm }) {
      await applyObjects({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name, namespace: home, finalizers: ['resources-finalizer.argocd.argoproj.io'] },
        spec: {
          project: 'default',
          source: { repoURL: `file://${repository}`, path, targetRevision: 'main', ...(helm ? { helm } : {}) },
          destination: { server: 'https://kubernetes.default.svc', namespace },
          syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['ServerSideApply=true'] },
        },
      });
    },
    async settles(name, revision, health) {
      await refresh(name);
      let last: Application = {};
      return eventually(`${name} is ${health}`, async () => {
        last = await application(name);
        const { sync, operationState, health: found } = last.status ?? {};
        const isThere = sync?.status === 'Synced' && sync.revision === revision &&
          operationState?.phase === 'Succeeded' && operationState.syncResult?.revision === revision;
        return isThere && found?.status === health && last;
      }, 120_000).catch((error: unknown) => {
        throw new Error(`${name} is not ${health} at ${revision}: ${JSON.stringify(last.status)}`, { cause: error });
      });
    },
    async remove(name) {
      await inHome('delete', 'application', name, '--timeout=120s');
    },
  };
}
