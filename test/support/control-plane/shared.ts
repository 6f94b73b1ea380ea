/** The control plane that all `cluster` tests share, as a test sees it. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, inject } from 'vitest';
import './global-setup.ts';
import { eventually } from '../wait.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';
import type { AccountCluster } from './service-account.ts';

const crdsDir = join(import.meta.dirname, '../../../crds');

/** `describe` for tests that need the control plane: skipped, hooks included, when this machine cannot have one. */
export const describeOnCluster = describe.skipIf(inject('noControlPlane') !== '');

/** kubectl on the shared control plane, as administrator. */
export const kubectl: Kubectl = (args, options) =>
  kubectlFor({ kubectlPath: inject('kubectl'), kubeconfigPath: inject('kubeconfig') })(args, options);

/** The shared control plane as accounts are made on it. */
export const sharedCluster = (): AccountCluster => ({ kubeconfigPath: inject('kubeconfig'), kubectl });

/** stdout of a kubectl command that has to succeed. @throws Error with its stderr */
export async function kubectlOk(args: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

/** Applies objects as JSON, server-side. */
export function applyObjects(...objects: object[]): Promise<string> {
  return kubectlOk(
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );
}

/**
 * A namespace of the test's own, with labels when given. It is not deleted: the control plane goes away with
 * all of it, and finalisation costs seconds.
 */
export async function createNamespace(prefix = 'test', labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await applyObjects({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return name;
}

/** Installs the product's CRDs and waits until they are served; doing it again is fine. */
export async function installCrds(): Promise<void> {
  if (!existsSync(crdsDir)) throw new Error('there is no folder crds/: run "npm run generate" first');
  await serveCrds(crdsDir);
}

/** Applies CRDs from files or folders and waits until they are served. */
export async function serveCrds(...paths: readonly string[]): Promise<void> {
  const files = paths.flatMap((path) => ['-f', path]);
  await kubectlOk(['apply', '--server-side', '--force-conflicts', ...files]);
  // "kubectl wait" gives up on one that has no condition yet.
  const wait = () => kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...files]);
  await eventually('the CRDs are served', async () => (await wait()).code === 0, 60_000);
}
