/** Programs of the distribution that a node needs. */
import { access } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '../command.ts';

/** Programs by the Debian package that has them. */
const packages: Readonly<Record<string, readonly string[]>> = {
  runc: ['runc'],
  iptables: ['iptables', 'iptables-save', 'iptables-restore'],
  nftables: ['nft'],
  ipset: ['ipset'],
  catatonit: ['catatonit'],
  'busybox-static': ['busybox'],
  'redis-server': ['redis-server'],
  'redis-tools': ['redis-cli'],
  iproute2: ['ip'],
  'util-linux': ['unshare', 'nsenter', 'setpriv'],
  procps: ['sysctl'],
  tar: ['tar'],
  openssl: ['openssl'],
  'libc-bin': ['ldd'],
};

/** RUNLEVEL=1 keeps a package from starting what it brings. */
const aptEnv = ['env', 'RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120'];

/** Installs what is missing, where apt can. @returns why something is still missing, in one sentence */
export async function installPackages(): Promise<string | undefined> {
  const missing = await missingPackages();
  if (missing.length === 0) return undefined;
  const [program, ...args] = aptEnv as [string, ...string[]];
  const install = (): ReturnType<typeof tryRun> =>
    tryRun(program, [...args, 'install', '-y', '--no-install-recommends', ...missing]);
  process.stderr.write(`… apt-get install ${missing.join(' ')}\n`);
  if ((await install()).code !== 0) {
    await tryRun(program, [...args, 'update']);
    await install();
  }
  const stillMissing = await missingPackages();
  if (stillMissing.length === 0) return undefined;
  return `a node needs programs that apt-get could not install: install ${stillMissing.join(', ')} (Debian's names)`;
}

async function missingPackages(): Promise<string[]> {
  const found = await Promise.all(
    Object.values(packages).map(async (programs) => (await Promise.all(programs.map(isThere))).every(Boolean)),
  );
  return Object.keys(packages).filter((_, index) => found[index] === false);
}

async function isThere(program: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  const found = await Promise.all(
    folders.map((folder) => access(join(folder, program), constants.X_OK).then(() => true, () => false)),
  );
  return found.includes(true);
}
