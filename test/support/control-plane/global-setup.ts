/**
 * Gives the `cluster` tests one control plane. A machine that cannot have one skips them, with the reason
 * printed here; in CI only a missing Go may do that, a failed build fails.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startControlPlane } from './control-plane.ts';
import { CannotBuild } from './tool.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the administrator's kubeconfig; empty when there is no control plane. */
    kubeconfig: string;
    /** Path of kubectl; empty when there is no control plane. */
    kubectl: string;
    /** Why there is no control plane; empty when there is one. */
    noControlPlane: string;
  }
}

const crdsDir = join(import.meta.dirname, '../../../crds');

/** Called by vitest before the first test of the project; what it returns is called after the last. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  try {
    const controlPlane = await startControlPlane();
    // Early, because the garbage collector takes up to 30 s to notice a new kind.
    if (existsSync(crdsDir)) await controlPlane.kubectl(['apply', '--server-side', '-f', crdsDir]);
    project.provide('kubeconfig', controlPlane.kubeconfigPath);
    project.provide('kubectl', controlPlane.kubectlPath);
    project.provide('noControlPlane', '');
    return () => controlPlane.stop();
  } catch (error) {
    if (!(error instanceof CannotBuild) || (error.reason === 'BuildFailed' && process.env['CI'] === 'true')) {
      throw error;
    }
    process.stderr.write(`The cluster tests are skipped: ${error.message}\n`);
    project.provide('kubeconfig', '');
    project.provide('kubectl', '');
    project.provide('noControlPlane', error.message);
    return undefined;
  }
}
