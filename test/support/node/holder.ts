/**
 * Owns what the kernel has of one node. A program of its own: `holder.ts <dir>`. It opens the namespaces, links them to
 * this machine, prints where they are as JSON and waits for the end of its stdin, which is the end of whoever started it,
 * however that came. Then it kills all that is in the namespaces and removes the rest: link, cgroups and folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { eventually } from '../wait.ts';
import { cgroupOf, removeCgroups } from './cgroups.ts';
import { link, unlink } from './link.ts';
import type { NodeNetwork } from './network.ts';

/** The first process reaps orphans; the end of `unshare` is its end, and the end of everything in its namespaces. */
const command = [
  '--pdeathsig',
  'KILL',
  'unshare',
  '--mount',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'private',
  'catatonit',
  '-P',
];

/** Dozens of pods die at once, each with namespaces of its own. */
const endMs = 90_000;

const [dir = ''] = process.argv.slice(2);
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined); // they are meant for whoever started it
const released = once(process.stdin.resume(), 'end');
const unshare = spawn('setpriv', command, { stdio: ['ignore', 'ignore', 'inherit'] });
const ended = once(unshare, 'exit');
let pid: number | undefined;
let network: NodeNetwork | undefined;
try {
  pid = await eventually('the namespaces are there', () => firstProcess(unshare.pid ?? 0));
  network = await link(pid);
  process.stdout.write(JSON.stringify({ pid, network }));
  await Promise.race([released, ended]);
} catch (error) {
  tellOf(error);
} finally {
  unshare.kill('SIGKILL');
  await ended;
  const steps = [
    () => eventually('the namespaces are empty', () => pid === undefined || hasEnded(pid), endMs),
    () => network === undefined ? undefined : unlink(network.hostLink),
    () => removeCgroups(cgroupOf(dir), endMs),
    () => rm(dir, { recursive: true, force: true, maxRetries: 20 }),
  ];
  for (const step of steps) await Promise.resolve(step()).catch(tellOf);
}

function tellOf(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** The first process ends after all others in its namespace; somebody else may take a while to reap it. */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' || /\) [ZX] /.test(stat);
}

/** The only child of a process, once it has become what it is to run: before, it shares this machine's mounts. */
async function firstProcess(parent: number): Promise<number | undefined> {
  const child = (await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).trim();
  if (child === '') return undefined;
  return (await readFile(`/proc/${child}/comm`, 'utf8')).trim() === 'catatonit' ? Number(child) : undefined;
}
