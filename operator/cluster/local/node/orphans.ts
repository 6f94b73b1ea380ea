/**
 * What protects a machine from containers whose node crashed: a handler for the exit of this process (a signal
 * nobody handles runs none), and a note on disk about each process group, read at the next start with the same
 * data folder.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writing } from './disk.ts';
import { signalGroup } from './process-group.ts';

const note = z.object({ pid: z.number().int().positive(), birth: z.string() });
const nodeNote = 'node.json';
const groupNote = 'process.json';

/** Notes which process group runs in a pod's folder. */
export async function noteGroup(podFolder: string, pid: number): Promise<void> {
  await writeNote(join(podFolder, groupNote), pid);
}

/**
 * Makes the data folder this node's own: ends the containers a crashed node left there and removes their files.
 * @returns a function that gives the folder back
 * @throws Error when another node that still runs uses it
 */
export function claimFolder(dataDir: string): Promise<() => Promise<void>> {
  return writing(dataDir, () => claim(dataDir));
}

async function claim(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const holder = await livingPid(join(dataDir, nodeNote));
  if (holder !== undefined) {
    throw new Error(`The data folder ${dataDir} is in use by process ${holder}; stop it, or choose another folder.`);
  }
  await writeNote(join(dataDir, nodeNote), process.pid);
  const pods = podsFolder(dataDir);
  await mkdir(pods, { recursive: true, mode: 0o700 });
  for (const pod of await readdir(pods)) {
    const pid = await livingPid(join(pods, pod, groupNote));
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  }
  await rm(pods, { recursive: true, force: true });
  return async () => {
    await rm(pods, { recursive: true, force: true });
    await rm(join(dataDir, nodeNote), { force: true });
  };
}

/** Folder with one folder per pod. */
export function podsFolder(dataDir: string): string {
  return join(dataDir, 'pods');
}

async function writeNote(file: string, pid: number): Promise<void> {
  await writeFile(file, JSON.stringify({ pid, birth: await birthOf(pid) }), { mode: 0o600 });
}

/** The process of a note, when it is still the same one: process ids are given out again. */
async function livingPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(emptyWhenGone);
  const parsed = note.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  return await birthOf(parsed.data.pid) === parsed.data.birth ? parsed.data.pid : undefined;
}

/** Any other error leaves it open whether a process lives: whoever asks must not go on. */
function emptyWhenGone(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ESRCH') return '';
  throw error;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short by a crash
  }
}

/** When a process was started, in the system's own words; undefined when it is gone. */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(emptyWhenGone);
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout.trim() || undefined;
}

/** Where process ids mean the same: this boot of this machine and, on Linux, this container. */
export async function pidSpace(): Promise<string> {
  if (process.platform !== 'linux') return hostname();
  const [boot, space] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname()),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return `${boot.trim()} ${space}`;
}
