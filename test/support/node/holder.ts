/**
 * Owns the namespaces of one node. A program of its own: `holder.ts <dir>`. It prints the pid of the first process
 * in the namespaces and waits for the end of its stdin, which is the end of whoever started it, however that came.
 * Then it kills all that is in the namespaces and removes what the kernel does not: the cgroups and the folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { eventually } from '../wait.ts';
import { cgroupOf, removeCgroups } from './cgroups.ts';

/** The first process reaps orphans; the end of `unshare` is its end, and the end of everything in its namespaces. */
const command = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private', 'catatonit', '-P'];

const [dir = ''] = process.argv.slice(2);
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined); // they are meant for whoever started it
const released = once(process.stdin.resume(), 'end');
const unshare = spawn('setpriv', command, { stdio: ['ignore', 'ignore', 'inherit'] });
const ended = once(unshare, 'exit');
let first: string | undefined;
try {
  first = await eventually('the namespaces are there', () => firstProcess(unshare.pid ?? 0));
  process.stdout.write(`${first}\n`);
  await Promise.race([released, ended]);
} finally {
  unshare.kill('SIGKILL');
  await ended;
  await eventually('the namespaces are gone', () => first === undefined || !existsSync(`/proc/${first}`));
  await removeCgroups(cgroupOf(dir));
  await rm(dir, { recursive: true, force: true, maxRetries: 20 });
}

/** The only child of a process, once it has become what it is to run: before, it shares this machine's mounts. */
async function firstProcess(parent: number): Promise<string | undefined> {
  const child = (await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).trim();
  if (child === '') return undefined;
  return (await readFile(`/proc/${child}/comm`, 'utf8')).trim() === 'catatonit' ? child : undefined;
}
