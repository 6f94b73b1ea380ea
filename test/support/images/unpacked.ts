/** Images of tests: what an archive holds, and programs run inside its files as in a container. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageFile } from '../../../images/file.ts';
import { readTar } from '../../../images/tar.ts';
import { start, type TestProcess } from '../processes.ts';

/** Why a test that runs something inside an image is skipped, for its name; empty when it is not. */
export const notAsRoot = process.getuid?.() === 0 ? '' : ' (skipped: only root may make the root folder another one)';

/** All files of all layers, as they would lie above each other. */
export async function filesOf(archive: string): Promise<ImageFile[]> {
  const blobs = new Map((await readTar(readFileSync(archive), () => true)).map((file) => [file.path, file]));
  const contentOf = (path: string) => (blobs.get(path) as { content: Uint8Array }).content;
  const [{ Layers: layers }] = JSON.parse(Buffer.from(contentOf('manifest.json')).toString()) as [{ Layers: string[] }];
  const all = await Promise.all(layers.map((layer) => readTar(contentOf(layer), () => true)));
  return [...all.flat(), { kind: 'directory', path: 'tmp', shared: true }];
}

/** A container, without a network of its own. */
export interface Contained {
  /** Folder with the image's files. */
  readonly root: string;
  /** `uid:gid` */
  readonly user: string;
  /** Volumes: folders of this machine by the path they are mounted at. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** Read-only, with the volumes and folders of the system a kubelet mounts, in a namespace that goes with the process. */
const script = `
  set -e
  root=$1 user=$2; shift 2
  mount --make-rprivate /
  mount --bind "$root" "$root"
  while [ "$1" != -- ]; do mount --bind "$2" "$root$1"; shift 2; done; shift
  mount --rbind /proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount -o remount,bind,ro "$root"
  exec chroot --userspec="$user" "$root" "$@"
`;

/** Runs a command inside the image, as root of this machine alone may. */
export function startInside({ root, user, mounts = {}, env }: Contained, command: readonly string[]): TestProcess {
  for (const mount of [...Object.keys(mounts), '/proc', '/dev']) mkdirSync(join(root, mount), { recursive: true });
  const volumes = Object.entries(mounts).flat();
  return start('unshare', ['--mount', 'sh', '-c', script, 'pod', root, user, ...volumes, '--', ...command], {
    env: { ...env, PATH: `${env['PATH'] ?? '/usr/bin'}:/usr/sbin:/bin` },
  });
}
