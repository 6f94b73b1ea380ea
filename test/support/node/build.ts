/** Builds the programs and images of a node once per recipe into a cache outside the checkout. Run by itself, it prints where. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from '../control-plane/cache.ts';
import { go, requireGo } from '../control-plane/go.ts';
import { type Progress, toStderr, withProgress } from '../control-plane/tool.ts';
import { buildImages } from './images.ts';
import { buildDir, buildEnv, kubeRouterModule, minimumGo, parts } from './recipe.ts';

/** What a node is made of, beside Kubernetes. */
export interface NodeParts {
  /** Folder of containerd, ctr, the shim, kube-router and coredns. */
  readonly bin: string;
  /** Folder of the CNI plugins. */
  readonly cniBin: string;
  /** Image archives that every node imports. */
  readonly images: readonly string[];
}

/**
 * The parts of a node; built first when they are not there.
 * @throws CannotBuild when Go is missing or too old, or with the compiler's words when the build fails
 */
export async function nodeParts(progress: Progress = toStderr): Promise<NodeParts> {
  const folder = await buildDir();
  await buildOnce({
    folder,
    what: 'the parts of a node',
    duration: 'about 12 minutes on 2 cores, seconds when Go has them cached',
    require: () => requireGo(minimumGo, { cwd: kubeRouterModule, env: buildEnv }),
    build: (unfinished) => build(unfinished, progress),
  }, progress);
  const images = ['pause', 'coredns', 'redis', 'busybox'].map((name) => join(folder, 'images', `${name}.tar`));
  return { bin: join(folder, 'bin'), cniBin: join(folder, 'bin/cni'), images };
}

async function build(folder: string, progress: Progress): Promise<void> {
  let stage = '';
  await withProgress(progress, () => stage, async () => {
    for (const { name, bin, args, pinned } of parts) {
      stage = name;
      // Away from our own module, `go install` would otherwise look for the version in it.
      const cwd = pinned === undefined ? folder : kubeRouterModule;
      const onLine = (line: string): void => {
        stage = `${name}: ${line}`;
      };
      await mkdir(join(folder, bin), { recursive: true });
      await go(['install', '-v', ...args], { cwd, env: { ...buildEnv, GOBIN: join(folder, bin) }, onLine });
    }
    stage = 'images';
    await buildImages(join(folder, 'bin'), join(folder, 'images'));
  });
}

if (import.meta.main) process.stdout.write(`${(await nodeParts()).bin}\n`);
