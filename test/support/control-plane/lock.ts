/** A lock file between processes. It saves work and does not guard correctness, so a stale one is simply taken over. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `task` while no other process holds the same lock file.
 * @param onWait told once, with the pid of the holder, when there is one
 */
export async function withLock<T>(file: string, task: () => Promise<T>, onWait: (holder: number) => void): Promise<T> {
  let told = false;
  for (let holder = await take(file); holder !== undefined; holder = await take(file)) {
    if (!told) onWait(holder);
    told = true;
    await sleep(500);
  }
  try {
    return await task();
  } finally {
    await rm(file, { force: true });
  }
}

/** @returns the pid of the living holder, or undefined when the lock is ours now */
async function take(file: string): Promise<number | undefined> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return undefined;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
  const holder = Number(await readFile(file, 'utf8').catch(() => ''));
  if (holder > 0 && isAlive(holder)) return holder;
  await rm(file, { force: true });
  return take(file);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
