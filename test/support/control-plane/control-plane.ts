/** A real control plane on loopback, with free ports and a folder of its own; needs no root. */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../processes.ts';
import { eventually } from '../wait.ts';
import { apiServerArgs, auditPolicy, controllerManagerArgs, etcdArgs, kubeconfig, schedulerArgs, type Ports } from './arguments.ts';
import { controlPlanePrograms } from './build.ts';
import { createAuthority, createCertificate, createKeyPair } from './certificates.ts';
import { openDaemons, type Daemons } from './daemons.ts';
import { isHealthy, isServed } from './health.ts';
import { kubectlFor, type Kubectl } from './kubectl.ts';

/** One entry of the API server's audit log. */
export interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code: number };
  readonly stageTimestamp: string;
}

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
  auditLog(): Promise<AuditEntry[]>;
  stop(): Promise<void>;
}

/** `ApiServer` leaves out controllers and scheduler: quicker, for tests of the API alone. */
export interface ControlPlaneOptions {
  readonly parts?: 'All' | 'ApiServer';
}

const patienceMs = 120_000;
const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost'];

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
  const serverUrl = `https://127.0.0.1:${ports.apiServer}`;
  const daemons = await openDaemons(dir);
  try {
    await writeFiles(dir, serverUrl);
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
    kubeconfigPath, serverUrl, dir, kubectlPath,
    kubectl: kubectlFor({ kubectlPath, kubeconfigPath }),
    pids: () => Object.fromEntries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].flatMap((name) => {
      const pid = daemons.pid(name);
      return pid === undefined ? [] : [[name, pid]];
    })),
    stopApiServer,
    startApiServer: start,
    restartApiServer: () => stopApiServer().then(start),
    auditLog: () => readAuditLog(join(dir, 'audit.log')),
    stop: () => daemons.close(),
  };
}

async function startApiServer(daemons: Daemons, bin: string, dir: string, ports: Ports): Promise<void> {
  await daemons.start('kube-apiserver', join(bin, 'kube-apiserver'), apiServerArgs(dir, ports));
  await waitFor(daemons, 'the API server is ready', () => isServed(dir, ports.apiServer, '/readyz'));
}

async function startControllers(daemons: Daemons, bin: string, dir: string, ports: Ports): Promise<void> {
  await daemons.start('kube-controller-manager', join(bin, 'kube-controller-manager'), controllerManagerArgs(dir, ports));
  await daemons.start('kube-scheduler', join(bin, 'kube-scheduler'), schedulerArgs(dir, ports));
  const inDefault = '/api/v1/namespaces/default';
  await waitFor(daemons, 'the controllers look after namespaces', () => isServed(dir, ports.apiServer, `${inDefault}/serviceaccounts/default`));
  await waitFor(daemons, 'the controllers publish the authority', () => isServed(dir, ports.apiServer, `${inDefault}/configmaps/kube-root-ca.crt`));
  await waitFor(daemons, 'the scheduler is healthy', () => isHealthy(ports.scheduler));
}

async function waitFor(daemons: Daemons, what: string, probe: () => Promise<boolean>): Promise<void> {
  let ended: unknown;
  await eventually(what, async () => {
    ended = await daemons.assertAlive().then(() => undefined, (error: unknown) => error);
    return ended !== undefined || await probe();
  }, patienceMs);
  if (ended !== undefined) throw ended as Error;
}

async function writeFiles(dir: string, serverUrl: string): Promise<void> {
  const pki = join(dir, 'pki');
  await mkdir(pki);
  await createAuthority(pki);
  const server = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1', 'IP:10.96.0.1'];
  await Promise.all([
    createKeyPair(pki, 'sa'),
    createCertificate(pki, { name: 'apiserver', subject: '/CN=kube-apiserver', usage: 'serverAuth', names: server }),
    createCertificate(pki, { name: 'kubelet-client', subject: '/O=system:masters/CN=kubelet-client', usage: 'clientAuth' }),
    createCertificate(pki, { name: 'admin', subject: '/O=system:masters/CN=admin', usage: 'clientAuth' }),
    createCertificate(pki, { name: 'controller-manager', subject: '/CN=system:kube-controller-manager', usage: 'clientAuth' }),
    createCertificate(pki, { name: 'scheduler', subject: '/CN=system:kube-scheduler', usage: 'clientAuth' }),
    ...['admin', 'controller-manager', 'scheduler'].map((name) => writeFile(join(dir, `${name}.conf`), kubeconfig(dir, serverUrl, name))),
    writeFile(join(dir, 'audit.yaml'), auditPolicy),
  ]);
}

async function freePorts(): Promise<Ports> {
  const [apiServer = 0, etcdClient = 0, etcdPeer = 0, controllerManager = 0, scheduler = 0] = await Promise.all(Array.from({ length: 5 }, freePort));
  return { apiServer, etcdClient, etcdPeer, controllerManager, scheduler };
}

async function readAuditLog(file: string): Promise<AuditEntry[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1); // the last one may be half written
  return lines.map((line) => JSON.parse(line) as AuditEntry);
}
