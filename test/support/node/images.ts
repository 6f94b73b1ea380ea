/** The images every node has, made of programs of this machine and of the build, with the libraries they load. */
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ImageConfig, writeArchive } from './archive.ts';
import { run, tryRun } from '../command.ts';

/** Names of the images in the node; pods use them with `imagePullPolicy: Never`. */
export const images = {
  pause: 'localhost/pause:test',
  coredns: 'localhost/coredns:test',
  /** Entrypoint redis-server, open to everybody, nothing kept. redis-cli is there too. */
  redis: 'localhost/redis:test',
  /** No entrypoint but the shell: `nc`, `wget`, `nslookup`, `httpd`… */
  busybox: 'localhost/busybox:test',
} as const;

const nobody = '65532:65532';

/** Writes one archive per image into a folder; `bin` has coredns. */
export async function buildImages(bin: string, folder: string): Promise<void> {
  await mkdir(folder);
  await image(folder, 'pause', { '/pause': await pathOf('catatonit') }, {
    Entrypoint: ['/pause', '-P'],
    User: '65535:65535',
  });
  await image(folder, 'coredns', { '/coredns': join(bin, 'coredns') }, { Entrypoint: ['/coredns'], User: nobody });
  await image(folder, 'redis', {
    '/usr/bin/redis-server': await pathOf('redis-server'),
    '/usr/bin/redis-cli': await pathOf('redis-cli'),
  }, {
    Entrypoint: ['/usr/bin/redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no', '--save', '', '--dir', '/tmp'],
    User: nobody,
    Env: ['PATH=/usr/bin'],
  });
  await image(folder, 'busybox', { '/bin/busybox': await pathOf('busybox') }, {
    Entrypoint: ['/bin/sh'],
    User: nobody,
    Env: ['PATH=/bin'],
  });
}

async function image(
  folder: string,
  name: keyof typeof images,
  programs: Readonly<Record<string, string>>,
  config: ImageConfig,
): Promise<void> {
  const rootfs = await mkdtemp(join(tmpdir(), 'redisworker-rootfs-'));
  try {
    await chmod(rootfs, 0o755);
    await skeleton(rootfs);
    for (const [path, source] of Object.entries(programs)) {
      await copy(source, join(rootfs, path));
      for (const library of await librariesOf(source)) await copy(library, join(rootfs, library));
    }
    if (name === 'busybox') await applets(rootfs);
    await writeArchive(join(folder, `${name}.tar`), images[name], rootfs, config);
  } finally {
    await rm(rootfs, { recursive: true, force: true });
  }
}

/** What programs expect of any system. */
async function skeleton(rootfs: string): Promise<void> {
  for (const name of ['etc', 'tmp', 'proc', 'sys', 'dev']) await mkdir(join(rootfs, name));
  await chmod(join(rootfs, 'tmp'), 0o1777);
  await writeFile(join(rootfs, 'etc/passwd'), 'root:x:0:0::/:/bin/false\nnobody:x:65532:65532::/tmp:/bin/false\n');
  await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\nnobody:x:65532:\n');
  await writeFile(join(rootfs, 'etc/nsswitch.conf'), 'hosts: files dns\n');
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

/** The names busybox answers to. */
async function applets(rootfs: string): Promise<void> {
  const names = (await run('busybox', ['--list'])).split('\n').filter((name) => name !== '' && name !== 'busybox');
  await Promise.all(names.map((name) => symlink('busybox', join(rootfs, 'bin', name))));
}

/** Paths of the shared libraries a program loads; none when it is static. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await tryRun('ldd', [program]);
  return stdout.split('\n').flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.slice(1) ?? []);
}

async function pathOf(program: string): Promise<string> {
  return (await run('sh', ['-c', `command -v ${program}`])).trim();
}
