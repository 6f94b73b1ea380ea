/** Long-running programs of one folder: started, watched, stopped in reverse, and gone even when this process is killed. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { eventually } from '../wait.ts';

const patienceMs = 120_000;

/**
 * Waits for the end of its stdin, which is the end of this process however it came, then kills what is
 * still listed and removes the folder. Its own session, so that Ctrl-C does not reach it.
 */
const keeperScript =
  'cat >/dev/null; for file in "$1"/pids/*; do [ -f "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null; done; rm -rf "$1"';

/** Programs that live and die with a folder. */
export class Daemons {
  readonly #dir: string;
  readonly #keeper: ChildProcessByStdio<Writable, null, null>;
  readonly #running = new Map<string, ChildProcess>();

  private constructor(dir: string) {
    this.#dir = dir;
    this.#keeper = spawn('sh', ['-c', keeperScript, 'keeper', dir], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
  }

  /** Takes charge of `dir`, which is removed at the end. */
  static async open(dir: string): Promise<Daemons> {
    await Promise.all(['pids', 'log'].map((name) => mkdir(join(dir, name), { recursive: true })));
    return new Daemons(dir);
  }

  /** Starts a program with its output in `log/<name>.log`; `env` is added to the environment of this process. */
  async start(
    name: string,
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const log = openSync(join(this.#dir, 'log', `${name}.log`), 'a');
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.once('error', () => undefined); // told by assertAlive: it has no pid
    this.#running.set(name, child);
    if (child.pid !== undefined) await writeFile(this.#pidFile(name), String(child.pid));
  }

  /** TERM, then KILL after 5 s; settles when it is gone. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#running.get(name);
    if (child === undefined) return;
    this.#running.delete(name);
    await end(child, signal);
    await rm(this.#pidFile(name), { force: true });
  }

  /** Process ids by name. */
  pids(): Record<string, number> {
    return Object.fromEntries(
      [...this.#running].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid]])),
    );
  }

  /** @throws Error with the end of the log of the first program that has ended by itself */
  async assertAlive(): Promise<void> {
    for (const [name, child] of this.#running) {
      if (child.pid !== undefined && !hasEnded(child)) continue;
      const log = await readFile(join(this.#dir, 'log', `${name}.log`), 'utf8').catch(() => '');
      throw new Error(`${name} ended by itself; its last words: ${log.slice(-2000)}`);
    }
  }

  /**
   * Waits for a condition, as long as every program lives.
   * @throws Error with the last words of one that has ended, or after two minutes
   */
  async until(what: string, probe: () => Promise<boolean>): Promise<void> {
    let ended: unknown;
    await eventually(what, async () => {
      ended = await this.assertAlive().then(() => undefined, (error: unknown) => error);
      return ended !== undefined || await probe();
    }, patienceMs);
    if (ended !== undefined) throw ended as Error;
  }

  /** Stops all, newest first, and removes the folder. */
  async close(): Promise<void> {
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
    const ended = new Promise<void>((resolve) => this.#keeper.once('close', () => resolve()));
    this.#keeper.stdin.end();
    await ended;
  }

  #pidFile(name: string): string {
    return join(this.#dir, 'pids', name);
  }
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
