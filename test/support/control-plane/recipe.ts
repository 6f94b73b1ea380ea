/** What is built, with which flags, and where the result is kept between runs. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from './cache.ts';

/** Folder of the Go main module. */
export const moduleDir = join(import.meta.dirname, 'kube');

/** Names the one binary answers to. */
export const components = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
] as const;

/** One of the programs in the binary. */
export type Component = (typeof components)[number];

/** Environment of the build. CGO is named because a rebuild under the other value compiles everything again. */
export const buildEnv = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOGC: '400' } as const;

/** Arguments of `go build`, but for `-o`; the stamp is what `kubectl version` and charts with a kubeVersion see. */
export function buildArgs(version: string): string[] {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const stamp = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((pkg) =>
    Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' })
      .map(([name, value]) => `-X ${pkg}.${name}=${value}`)
  );
  return ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', '-ldflags', ['-s', '-w', ...stamp].join(' ')];
}

/** The recipe as found on disk. */
export interface Recipe {
  /** Kubernetes version, for example `v1.36.3`. */
  readonly version: string;
  /** Oldest Go that can build it, for example `1.26`. */
  readonly minimumGo: string;
  /** Where the finished build lies: `<cache>/control-plane/<hash>`; the programs are in its `bin`. */
  readonly buildDir: string;
}

/** Reads the recipe; the folder's name changes with anything that shapes the binary. */
export async function readRecipe(): Promise<Recipe> {
  const files = await Promise.all(
    ['kube/main.go', 'kube/go.mod', 'kube/go.sum', 'recipe.ts'].map((name) =>
      readFile(join(import.meta.dirname, name), 'utf8')
    ),
  );
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, files])).digest('hex').slice(
    0,
    16,
  );
  const goMod = files[1] ?? '';
  const version = /^\s*k8s\.io\/kubernetes (v\S+)$/m.exec(goMod)?.[1];
  const minimumGo = /^go (\d+\.\d+)/m.exec(goMod)?.[1];
  if (version === undefined || minimumGo === undefined) {
    throw new Error('kube/go.mod names no version of k8s.io/kubernetes or of Go');
  }
  return { version, minimumGo, buildDir: join(cacheRoot(), 'control-plane', hash) };
}
