/** What the programs of a node write outside their own folder, kept away from this machine. */
import { run } from '../command.ts';
import { inNode } from './namespaces.ts';

/**
 * Kernel parameters that belong to the whole machine, with the values a kubelet wants. It reads them here, finds
 * nothing to change, and this machine keeps its own.
 */
const kubeletWants = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
} as const;

/** Folders of fixed names that kubelet, CNI plugins and containerd's shims write to. */
const privateFolders = ['/var/lib', '/var/log'];

/** Makes the mounts of the node's mount namespace: they go with it. */
export async function prepareMounts(pid: number): Promise<void> {
  const script = [
    'mount --make-rshared /',
    'mount -t tmpfs tmpfs /run',
    'mkdir -p /run/lock /run/netns /run/parameters',
    ...privateFolders.map((folder) => overlay(folder, `/run/private${folder}`)),
    'mkdir -p /var/lib/kubelet /var/lib/cni /var/log/containers',
    ...Object.entries(kubeletWants).map(([name, value]) => parameter(name, value)),
  ].join('\n');
  await run(...inNode(pid, 'sh', ['-ec', script]));
}

function overlay(folder: string, upper: string): string {
  return `mkdir -p ${upper}/upper ${upper}/work
    mount -t overlay overlay -o lowerdir=${folder},upperdir=${upper}/upper,workdir=${upper}/work ${folder}`;
}

function parameter(name: string, value: number): string {
  const file = `/run/parameters/${name.replaceAll('/', '.')}`;
  return `echo ${value} > ${file}; mount --bind ${file} /proc/sys/${name}`;
}
