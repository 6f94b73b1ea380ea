/** The operator as the bench starts it: the files of its image, its account, and a process as a pod's container is. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { operatorConfiguration } from '../../images/configuration.ts';
import { buildOperatorImage } from '../../images/operator-image.ts';
import { run } from '../../images/run.ts';
import { unpack } from '../../images/unpack.ts';
import { serviceAccountFolder } from '../../operator/cluster/kubernetes/pod-account.ts';
import type { ControlPlane } from '../../test/support/control-plane/control-plane.ts';
import { createAccount } from '../../test/support/control-plane/service-account.ts';
import { filesOf, startInside } from '../../test/support/images/unpacked.ts';
import type { TestProcess } from '../../test/support/processes.ts';

/** Where the operator of the bench lives. */
export const operatorNamespace = 'default';

/** Its image, unpacked. */
export interface OperatorImage {
  readonly bytes: number;
  /** Gives it an account on this control plane, with the CRDs it needs; what is started from then on is of that account. */
  serve(cluster: ControlPlane): Promise<void>;
  /** Starts a command inside the files of the image. */
  start(command: readonly string[], options?: ContainedOptions): TestProcess;
  remove(): void;
}

/** What is added to the image. */
export interface ContainedOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of this machine by the path they are mounted at. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/** Builds and unpacks it; for root, since the root folder is made another one. */
export async function openOperatorImage(): Promise<OperatorImage> {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-operator-'));
  const [root, account] = [join(folder, 'root'), join(folder, 'account')];
  const image = await buildOperatorImage({ output: join(folder, 'image.tar'), tag: 'localhost/operator:bench' });
  await unpack(await filesOf(image.archive), root);
  await forgetPages(join(root, 'usr/bin/node'));
  let apiServer = new URL('https://127.0.0.1');
  return {
    bytes: readFileSync(image.archive).length,
    async serve(cluster) {
      await writeAccount(cluster, account);
      apiServer = new URL(cluster.serverUrl);
    },
    start(command, { env = {}, mounts = {} } = {}) {
      const api = { KUBERNETES_SERVICE_HOST: apiServer.hostname, KUBERNETES_SERVICE_PORT: apiServer.port };
      return startInside({
        root,
        user: operatorConfiguration.user,
        mounts: { [serviceAccountFolder]: account, ...mounts },
        env: { ...operatorConfiguration.env, ...api, ...env },
      }, command);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A folder that a process inside the image can write to. */
export function writableFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o777);
  return path;
}

/** Waits until the process answers /readyz. @throws Error with its words when it ends instead */
export async function ready(process: TestProcess, port: number): Promise<void> {
  while (!await answers(port)) {
    if (process.child.exitCode !== null) throw new Error(`it ended:\n${process.output()}`);
    await delay(20);
  }
}

/**
 * A file that was just written lies in memory in large pieces, and a process that runs it is said to hold 22 MB more of it
 * than one of a machine that has read it.
 */
async function forgetPages(file: string): Promise<void> {
  await run('sync', [file]);
  await run('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

/** As the kubelet mounts it. */
async function writeAccount(cluster: ControlPlane, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { code, stderr } = await cluster.kubectl([
    'apply',
    '--server-side',
    '-f',
    join(import.meta.dirname, '../../crds'),
  ]);
  if (code !== 0) throw new Error(stderr);
  const { kubeconfig } = await createAccount(cluster, { namespace: operatorNamespace, everywhere: true });
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { 'certificate-authority'?: string; 'certificate-authority-data'?: string } }[];
    users: { user: { token: string } }[];
  };
  const ca = clusters[0]?.cluster;
  const file = ca?.['certificate-authority'];
  writeFileSync(
    join(folder, 'ca.crt'),
    file ? readFileSync(file) : Buffer.from(ca?.['certificate-authority-data'] ?? '', 'base64'),
  );
  writeFileSync(join(folder, 'token'), users[0]?.user.token ?? '');
  writeFileSync(join(folder, 'namespace'), operatorNamespace);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/readyz' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
