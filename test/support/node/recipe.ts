/** What a node needs beside Kubernetes itself: which programs, with which flags, kept where. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../control-plane/cache.ts';

/** Folder of the Go module that pins kube-router, which cannot be installed by its version alone. */
export const kubeRouterModule = join(import.meta.dirname, 'kube-router');

/** Oldest Go that can build the programs. */
export const minimumGo = '1.26';

/** Environment of every build. CGO is named because a rebuild under the other value compiles everything again. */
export const buildEnv = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOGC: '400' } as const;

const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
const containerd = 'github.com/containerd/containerd/v2/cmd';
const cni = 'github.com/containernetworking/plugins/plugins';

/** One run of `go install`. */
export interface Part {
  readonly name: string;
  /** Folder of the programs below the build's own. */
  readonly bin: 'bin' | 'bin/cni';
  readonly args: readonly string[];
  /** Whether it is built in {@link kubeRouterModule}, or anywhere. */
  readonly pinned?: true;
}

/** All of them, the quick ones first. */
export const parts: readonly Part[] = [
  {
    name: 'CNI plugins v1.9.1',
    bin: 'bin/cni',
    args: [
      ...flags,
      ...['main/ptp', 'main/loopback', 'ipam/host-local', 'meta/portmap'].map((name) => `${cni}/${name}@v1.9.1`),
    ],
  },
  {
    name: 'containerd v2.3.4',
    bin: 'bin',
    args: [
      ...flags,
      '-tags',
      'no_btrfs no_devmapper no_zfs urfave_cli_no_docs',
      ...['containerd', 'ctr', 'containerd-shim-runc-v2'].map((name) => `${containerd}/${name}@v2.3.4`),
    ],
  },
  {
    name: 'kube-router v2.10.0',
    bin: 'bin',
    args: [...flags, 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router'],
    pinned: true,
  },
  { name: 'CoreDNS v1.14.7', bin: 'bin', args: [...flags, 'github.com/coredns/coredns@v1.14.7'] },
];

/** `<cache>/node/<hash>`: the name changes with anything that shapes programs or images. */
export async function buildDir(): Promise<string> {
  const names = ['recipe.ts', 'images.ts', 'kube-router/go.mod', 'kube-router/go.sum'];
  const files = await Promise.all(names.map((name) => readFile(join(import.meta.dirname, name), 'utf8')));
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, files])).digest('hex').slice(
    0,
    16,
  );
  return join(cacheRoot(), 'node', hash);
}
