/** Flux's kustomize-controller. The test is its source: it serves what Git has, as Flux's extension point lets anybody do. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inject } from 'vitest';
import { applyObjects, kubectl, kubectlOk, serveCrds } from '../control-plane/shared.ts';
import { freePort, start } from '../processes.ts';
import { besideTool } from '../tools/tool.ts';
import { eventually } from '../wait.ts';
import type { Repository } from './repository.ts';

/** A condition of a Kustomization. */
export interface FluxCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** What these tests read of a Kustomization. */
export interface Kustomization {
  readonly status?: {
    readonly conditions?: readonly FluxCondition[];
    readonly lastAppliedRevision?: string;
    readonly lastAttemptedRevision?: string;
    readonly lastHandledReconcileAt?: string;
  };
}

/** The controller, and one Kustomization of it. */
export interface Flux {
  /** Has it apply, wait and prune what the repository has from now on. */
  deploy(repository: Repository): Promise<void>;
  /** Hands out the last commit. @returns its revision */
  publish(repository: Repository): Promise<string>;
  kustomization(): Promise<Kustomization>;
  /** Asks for another look at the same commit, and waits until that is over. */
  reconcile(): Promise<void>;
  stop(): Promise<void>;
}

const crds = [
  'kustomize.toolkit.fluxcd.io_kustomizations.yaml',
  ...['buckets', 'externalartifacts', 'gitrepositories', 'ocirepositories'].map((kind) =>
    `source.toolkit.fluxcd.io_${kind}.yaml`
  ),
];

/** Starts the controller for a namespace. @param program path of the tool */
export async function startFlux(program: string, namespace: string): Promise<Flux> {
  await serveCrds(...crds.map((file) => besideTool(program, file)));
  const [metrics, health] = [await freePort(), await freePort()];
  const controller = start(program, [
    `--metrics-addr=127.0.0.1:${metrics}`,
    `--health-addr=127.0.0.1:${health}`,
    '--http-retry=1', // what cannot be fetched is told soon, and does not hold up a deletion
    '--watch-all-namespaces=false',
    '--feature-gates=ExternalArtifact=true',
  ], { env: { PATH: process.env['PATH'], KUBECONFIG: inject('kubeconfig'), RUNTIME_NAMESPACE: namespace } });
  await eventually(
    `Flux is ready: ${controller.output()}`,
    async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok,
    60_000,
  );
  const shelf = await openShelf();
  const read = async () =>
    JSON.parse(await kubectlOk(['-n', namespace, 'get', 'kustomization', 'apps', '-o', 'json'])) as Kustomization;
  const publish = (repository: Repository) => publishOn(shelf, repository, namespace);
  return {
    async deploy(repository) {
      const source = { kind: 'GitRepository', name: 'apps' };
      await applyObjects({
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: source.kind,
        metadata: { name: source.name, namespace },
        spec: { url: 'https://git.invalid/apps.git', interval: '1h' },
      });
      await publish(repository);
      await applyObjects({
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name: 'apps', namespace },
        spec: {
          interval: '1h',
          retryInterval: '5s',
          timeout: '3m',
          path: './',
          prune: true,
          wait: true,
          targetNamespace: namespace,
          sourceRef: source,
        },
      });
    },
    publish,
    kustomization: read,
    async reconcile() {
      const asked = String(Date.now());
      const mark = `reconcile.fluxcd.io/requestedAt=${asked}`;
      await kubectlOk(['-n', namespace, 'annotate', '--overwrite', 'kustomization', 'apps', mark]);
      await eventually('Flux has looked again', async () => {
        const { status } = await read();
        const isOver = !status?.conditions?.some(({ type }) => type === 'Reconciling');
        return status?.lastHandledReconcileAt === asked && isOver;
      }, 120_000);
    },
    async stop() {
      await kubectl(['-n', namespace, 'delete', 'kustomization', 'apps', '--ignore-not-found', '--timeout=60s']);
      await controller.stop();
      await shelf.close();
    },
  };
}

/** Where archives are fetched from. */
interface Shelf {
  put(name: string, content: Buffer): string;
  close(): Promise<void>;
}

async function openShelf(): Promise<Shelf> {
  const archives = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const content = archives.get(request.url ?? '');
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    put(name, content) {
      archives.set(`/${name}`, content);
      return `http://127.0.0.1:${port}/${name}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function publishOn(shelf: Shelf, repository: Repository, namespace: string): Promise<string> {
  const content = repository.archive();
  const sha256 = createHash('sha256').update(content).digest('hex');
  const revision = `main@sha1:${sha256.slice(0, 40)}`;
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const ready = { type: 'Ready', status: 'True', reason: 'Succeeded', message: 'stored', lastTransitionTime: now };
  const status = {
    observedGeneration: 1,
    conditions: [ready],
    artifact: {
      url: shelf.put(`${sha256}.tar.gz`, content),
      path: `${sha256}.tar.gz`,
      revision,
      digest: `sha256:${sha256}`,
      size: content.length,
      lastUpdateTime: now,
    },
  };
  await kubectlOk([
    ...['-n', namespace, 'patch', 'gitrepository', 'apps', '--subresource=status', '--type=merge'],
    ...['-p', JSON.stringify({ status })],
  ]);
  return revision;
}
