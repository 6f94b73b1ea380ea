/** A real control plane on loopback, with free ports and a folder of its own; needs no root. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../processes.ts';
import { apiServerArgs, controllerManagerArgs, etcdArgs, loopback, type Ports, schedulerArgs } from './arguments.ts';
import { type AuditEntry, readAuditLog } from './audit-log.ts';
import { controlPlanePrograms } from './build.ts';
import { Daemons } from './daemons.ts';
import { writeControlPlaneFiles } from './files.ts';
import { isHealthy, isServed } from './health.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';
import { collectRights } from './used-rights.ts';

/** A running control plane. */
export interface ControlPlane {
  /** Administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  readonly serverUrl: string;
  /** Folder with logs, keys and data; gone after {@link ControlPlane.stop}. */
  readonly dir: string;
  readonly kubectlPath: string;
  readonly kubectl: Kubectl;
  /** Process ids by component. */
  pids(): Readonly<Record<string, number>>;
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it on the same port and waits until it is ready. */
  startApiServer(): Promise<void>;
  restartApiServer(): Promise<void>;
  /** Makes etcd forget all but the present: no watch can go on from an earlier version once the API server restarts. */
  forgetHistory(): Promise<void>;
  auditLog(): Promise<AuditEntry[]>;
  stop(): Promise<void>;
}

/** `ApiServer` leaves out controllers and scheduler: quicker, for tests of the API alone. */
export interface ControlPlaneOptions {
  readonly parts?: 'All' | 'ApiServer';
}

/**
 * Starts a control plane; its programs are built first when they are not in the cache.
 * @throws CannotBuild when this machine has no Go; Error with the log of a component that does not start
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const bin = await controlPlanePrograms();
  return launch(bin, options).catch((error: unknown) => {
    // A port that was free a moment ago may have been taken since: once more, with others.
    if (String(error).includes('address already in use')) return launch(bin, options);
    throw error;
  });
}

async function launch(bin: string, options: ControlPlaneOptions): Promise<ControlPlane> {
  const dir = await mkdtemp(join(tmpdir(), 'redisworker-cp-'));
  const ports = await freePorts();
  const serverUrl = urlOf(ports);
  const daemons = await Daemons.open(dir);
  try {
    await writeControlPlaneFiles(dir, serverUrl, loopback);
    await daemons.start('etcd', join(bin, 'etcd'), etcdArgs(dir, ports));
    await startApiServer(daemons, bin, dir, ports);
    if (options.parts !== 'ApiServer') await startControllers(daemons, bin, dir, ports);
  } catch (error) {
    await daemons.close();
    throw error;
  }
  return handle({ bin, dir, ports, serverUrl, daemons });
}

interface Running {
  readonly bin: string;
  readonly dir: string;
  readonly ports: Ports;
  readonly serverUrl: string;
  readonly daemons: Daemons;
}

function handle({ bin, dir, ports, serverUrl, daemons }: Running): ControlPlane {
  const kubeconfigPath = join(dir, 'admin.conf');
  const kubectlPath = join(bin, 'kubectl');
  const stopApiServer = (signal?: NodeJS.Signals): Promise<void> => daemons.stop('kube-apiserver', signal);
  const start = (): Promise<void> => startApiServer(daemons, bin, dir, ports);
  return {
    kubeconfigPath,
    serverUrl,
    dir,
    kubectlPath,
    kubectl: kubectlFor({ kubectlPath, kubeconfigPath }),
    pids: () => daemons.pids(),
    stopApiServer,
    startApiServer: start,
    restartApiServer: () => stopApiServer().then(start),
    forgetHistory: () => compact(ports.etcdClient),
    auditLog: () => readAuditLog(join(dir, 'audit.log')),
    stop: () => collectRights(dir, 'cluster').finally(() => daemons.close()),
  };
}

async function startApiServer(daemons: Daemons, bin: string, dir: string, ports: Ports): Promise<void> {
  await daemons.start('kube-apiserver', join(bin, 'kube-apiserver'), apiServerArgs(dir, ports, loopback));
  await daemons.until('the API server is ready', () => isServed(dir, urlOf(ports), '/readyz'));
}

async function compact(etcd: number): Promise<void> {
  const ask = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
    const response = await fetch(`http://127.0.0.1:${etcd}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`etcd: ${await response.text()}`);
    return await response.json() as { header: { revision: string } };
  };
  const { header } = await ask('range', { key: 'AA==' });
  await ask('compaction', { revision: header.revision, physical: true });
}

async function startControllers(daemons: Daemons, bin: string, dir: string, ports: Ports): Promise<void> {
  await daemons.start(
    'kube-controller-manager',
    join(bin, 'kube-controller-manager'),
    controllerManagerArgs(dir, ports, loopback),
  );
  await daemons.start('kube-scheduler', join(bin, 'kube-scheduler'), schedulerArgs(dir, ports));
  const inDefault = '/api/v1/namespaces/default';
  await daemons.until(
    'the controllers look after namespaces',
    () => isServed(dir, urlOf(ports), `${inDefault}/serviceaccounts/default`),
  );
  await daemons.until(
    'the controllers publish the authority',
    () => isServed(dir, urlOf(ports), `${inDefault}/configmaps/kube-root-ca.crt`),
  );
  await daemons.until('the scheduler is healthy', () => isHealthy(ports.scheduler));
}

function urlOf(ports: Ports): string {
  return `https://127.0.0.1:${ports.apiServer}`;
}

async function freePorts(): Promise<Ports> {
  const [apiServer = 0, etcdClient = 0, etcdPeer = 0, controllerManager = 0, scheduler = 0] = await Promise.all(
    Array.from({ length: 5 }, freePort),
  );
  return { apiServer, etcdClient, etcdPeer, controllerManager, scheduler };
}
