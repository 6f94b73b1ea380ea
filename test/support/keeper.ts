/**
 * Ends what a test process started when it cannot do so itself: interrupted, killed or crashed. A small shell
 * of its own session waits for the end of its stdin, which is the end of the test process however it came.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `pids` has one file per process, `nodes` the data folders of nodes, where each pod notes its process group. */
const script = `
cat >/dev/null
cd "$1" || exit
for file in pids/*; do [ -f "$file" ] && kill -KILL "\${file#pids/}"; done
for note in nodes/*/pods/*/process.json; do [ -f "$note" ] && kill -KILL "-$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' "$note")"; done
cd / && rm -rf "$1"
`;

let folder: string | undefined;

/** Starts the keeper of this process with its first use. */
function keptFolder(): string {
  if (folder !== undefined) return folder;
  folder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  for (const name of ['pids', 'nodes']) mkdirSync(join(folder, name));
  const keeper = spawn('sh', ['-c', script, 'keeper', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  keeper.on('error', () => undefined); // without a shell nothing is kept, and tests run all the same
  keeper.unref();
  (keeper.stdin as typeof keeper.stdin & { unref(): void }).unref();
  return folder;
}

/** Has the process killed with this one. @returns a function that gives it up, for when it has ended */
export function keepProcess(pid: number): () => void {
  const file = join(keptFolder(), 'pids', String(pid));
  writeFileSync(file, '');
  return () => rmSync(file, { force: true });
}

/** A data folder for a node whose pods are killed with this process. */
export function keptNodeFolder(): string {
  return mkdtempSync(join(keptFolder(), 'nodes', 'node-'));
}
