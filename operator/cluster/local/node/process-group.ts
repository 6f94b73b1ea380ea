/** One container as a process group of this machine, and its output line by line. No limits on memory or CPU are enforced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../../clock.ts';

/** What to run. `program` is a path, or a name looked up in PATH of `env`. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** How a container ended: exit code (128 + signal number when a signal ended it), or why it never ran. */
export interface Exit {
  readonly code: number;
  readonly signal?: number;
  readonly startError?: string;
}

/** Which output of a container a line came from. */
export type Stream = 'stdout' | 'stderr';

/** A started container. */
export interface ProcessGroup {
  /** Process id of the leader, which is the id of the group; 0 when it never ran. */
  readonly pid: number;
  /** Settles when the leader has ended and nobody of its group is left. */
  readonly ended: Promise<Exit>;
  /**
   * SIGTERM to the leader now, as a kubelet does, which leaves it to that one what becomes of the others; SIGKILL to all
   * after `graceMs`. A later call can only shorten the grace.
   */
  terminate(graceMs: number): void;
  /** SIGKILL to the whole group. */
  kill(): void;
}

/** Milliseconds output may still come in after the group is gone, when a process that left it holds the pipe. */
const drainMs = 1000;

/** Starts a command as leader of its own process group, with no input. */
export function startProcessGroup(
  command: Command,
  clock: Clock,
  onLine: (stream: Stream, line: string) => void,
): ProcessGroup {
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  splitLines(child.stdout, (line) => onLine('stdout', line));
  splitLines(child.stderr, (line) => onLine('stderr', line));
  const pid = child.pid ?? 0;
  const timers = new Set<() => void>();
  const ended = untilGone(child, pid, clock).finally(() => timers.forEach((cancel) => cancel()));
  return {
    pid,
    ended,
    terminate(graceMs) {
      if (timers.size === 0) sendTo(pid, 'SIGTERM');
      timers.add(clock.after(graceMs, () => signalGroup(pid, 'SIGKILL')));
    },
    kill: () => signalGroup(pid, 'SIGKILL'),
  };
}

/** Sends a signal to a process group; a group that is gone is fine. */
export function signalGroup(pid: number, name: NodeJS.Signals): void {
  if (pid > 0) sendTo(-pid, name);
}

function sendTo(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) return; // it never ran, and this would be our own group
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function untilGone(child: ChildProcess, pid: number, clock: Clock): Promise<Exit> {
  const closed = once(child, 'close').catch(() => undefined);
  try {
    const [code, signal] = await once(child, 'exit') as [number | null, NodeJS.Signals | null];
    signalGroup(pid, 'SIGKILL');
    await withDeadline(closed, clock);
    child.stdout?.destroy();
    child.stderr?.destroy();
    return signal === null
      ? { code: code ?? 0 }
      : { code: 128 + constants.signals[signal], signal: constants.signals[signal] };
  } catch (error) {
    return { code: 128, startError: error instanceof Error ? error.message : String(error) };
  }
}

async function withDeadline(work: Promise<unknown>, clock: Clock): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(drainMs, resolve);
  });
  await Promise.race([work, late]);
  cancel();
}

/** Longer lines are told in pieces of this many characters, so that no program can fill the memory. */
const maxLineLength = 16_384;

/** Tells every line without its end; the rest without one at the end of the stream. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) pieces(line).forEach(onLine);
    if (rest.length > maxLineLength) {
      const [first, ...others] = pieces(rest);
      rest = others.pop() ?? '';
      [first ?? '', ...others].forEach(onLine);
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

function pieces(line: string): string[] {
  const clean = line.endsWith('\r') ? line.slice(0, -1) : line;
  return clean === ''
    ? ['']
    : Array.from({ length: Math.ceil(clean.length / maxLineLength) }, (_, index) =>
      clean.slice(index * maxLineLength, (index + 1) * maxLineLength));
}

/** The last lines of an output, at most about 1 KiB: what a person wants to read after a crash. */
export class LogTail {
  readonly #lines: string[] = [];
  #length = 0;

  add(line: string): void {
    this.#lines.push(line.slice(-maxTailLength));
    this.#length += Math.min(line.length, maxTailLength) + 1;
    while (this.#length > maxTailLength && this.#lines.length > 1) {
      this.#length -= (this.#lines.shift()?.length ?? 0) + 1;
    }
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

const maxTailLength = 1024;
