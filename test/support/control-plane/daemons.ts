/** Long-running programs of one folder: started, watched, stopped in reverse, and gone even when this process is killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Waits for the end of its stdin, which is the end of this process however it came, then kills what is
 * still listed and removes the folder. Its own session, so that Ctrl-C does not reach it.
 */
const keeperScript = 'cat >/dev/null; for file in "$1"/pids/*; do [ -f "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null; done; rm -rf "$1"';

/** Programs that live and die with a folder. */
export interface Daemons {
  start(name: string, program: string, args: readonly string[]): Promise<void>;
  /** TERM, then KILL after 5 s; settles when it is gone. */
  stop(name: string, signal?: NodeJS.Signals): Promise<void>;
  pid(name: string): number | undefined;
  /** @throws Error with the end of the log of the first program that has ended by itself */
  assertAlive(): Promise<void>;
  /** Stops all, newest first, and removes the folder. */
  close(): Promise<void>;
}

/** Takes charge of `dir`, which is removed at the end. */
export async function openDaemons(dir: string): Promise<Daemons> {
  await Promise.all(['pids', 'log'].map((name) => mkdir(join(dir, name), { recursive: true })));
  const keeper = spawn('sh', ['-c', keeperScript, 'keeper', dir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const keeperEnded = new Promise<void>((resolve) => keeper.once('close', () => resolve()));
  const running = new Map<string, ChildProcess>();
  const pidFile = (name: string): string => join(dir, 'pids', name);

  const stop = async (name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const child = running.get(name);
    if (child === undefined) return;
    running.delete(name);
    await end(child, signal);
    await rm(pidFile(name), { force: true });
  };

  return {
    async start(name, program, args) {
      const log = openSync(join(dir, 'log', `${name}.log`), 'a');
      const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
      closeSync(log);
      child.once('error', () => undefined); // told by assertAlive: it has no pid
      running.set(name, child);
      if (child.pid !== undefined) await writeFile(pidFile(name), String(child.pid));
    },
    stop,
    pid: (name) => running.get(name)?.pid,
    async assertAlive() {
      for (const [name, child] of running) {
        if (child.pid !== undefined && !hasEnded(child)) continue;
        const log = await readFile(join(dir, 'log', `${name}.log`), 'utf8').catch(() => '');
        throw new Error(`${name} ended by itself; its last words: ${log.slice(-2000)}`);
      }
    },
    async close() {
      for (const name of [...running.keys()].reverse()) await stop(name);
      keeper.stdin.end();
      await keeperEnded;
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill(signal);
  const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended.finally(() => clearTimeout(kill));
}
