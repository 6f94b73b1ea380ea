/** Whether this machine can have a node. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCgroups, removeCgroups } from './cgroups.ts';
import { tryRun } from '../command.ts';
import { installPackages } from './packages.ts';

/** What a node does with the kernel, tried in namespaces that are gone afterwards. */
const trials: Readonly<Record<string, string>> = {
  'make a pair of interfaces': 'ip link add rwtrial0 type veth peer name rwtrial1',
  'forward packets': 'sysctl -qw net.ipv4.ip_forward=1',
  'mount a tmpfs': 'mount -t tmpfs tmpfs /run',
  'mount an overlay in the folder for temporary files':
    'cd "$1"; mkdir lower upper work merged; mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged',
  'filter by nftables': 'nft add table inet rwtrial',
  'filter by iptables and sets of addresses':
    'ipset create rwtrial hash:ip; iptables -A FORWARD -m set --match-set rwtrial src -j REJECT',
};

/** Why this machine cannot have a node, in one sentence; installs packages of the distribution that are missing. */
export async function whyNoNode(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `a node needs Linux, and this is ${process.platform}: use a virtual machine`;
  if (process.getuid?.() !== 0) return 'a node needs root: run "sudo make test-node"';
  return await installPackages() ?? await whyNoNamespaces() ?? await whyNoCgroups();
}

async function whyNoNamespaces(): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'redisworker-trial-'));
  try {
    const script = Object.entries(trials).map(([what, command]) => `echo '${what}'\n${command}`).join('\n');
    const { code, stdout, stderr } = await tryRun('unshare', [
      '--mount',
      '--net',
      '--pid',
      '--fork',
      '--mount-proc',
      '--propagation',
      'private',
      'sh',
      '-ec',
      script,
      'trial',
      dir,
    ]);
    if (code === 0) return undefined;
    const what = stdout.trim().split('\n').at(-1) ?? '';
    return `a node has to ${what === '' ? 'open namespaces' : what}, and this kernel refuses: ${
      stderr.trim().replaceAll('\n', ' ')
    }; use a virtual machine of your own, or a container with all privileges`;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function whyNoCgroups(): Promise<string | undefined> {
  const name = `redisworker-trial-${process.pid}`;
  try {
    await createCgroups(name);
    await removeCgroups(name);
    return undefined;
  } catch (error) {
    return `a node has to make cgroups, and cannot: ${String(error)}; mount /sys/fs/cgroup for writing`;
  }
}
