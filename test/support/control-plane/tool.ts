/** Tools of a build: commands with progress for people who wait, and what is said when there is nothing to build with. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** There are no programs and none can be made; the message says why and what to do. */
export class CannotBuild extends Error {
  override readonly name = 'CannotBuild';
  readonly reason: 'NoGo' | 'Unavailable' | 'BuildFailed';
  constructor(reason: 'NoGo' | 'Unavailable' | 'BuildFailed', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Takes one line for people who wait. */
export type Progress = (line: string) => void;

/** Where a tool runs, with what beside the environment of this process, and who sees its output line by line. */
export interface ToolOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

const progressEveryMs = 15_000;

/**
 * Runs a tool. @returns its stdout
 * @throws CannotBuild with its last words; Error when there is no such tool
 */
export function runTool(
  program: string,
  args: readonly string[],
  { cwd, env, onLine = () => undefined }: ToolOptions,
): Promise<string> {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const lastLines: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      onLine(line);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(output).toString());
      else {reject(
          new CannotBuild('BuildFailed', `"${program} ${args[0] ?? ''}" in ${cwd} failed: ${lastLines.join('\n')}`),
        );}
    });
  });
}

/** Says every now and then how long a task has taken so far and what it is at. */
export async function withProgress<T>(progress: Progress, stage: () => string, task: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const timer = setInterval(() => progress(`  ${secondsSince(started)} s: ${stage()}`), progressEveryMs);
  return task().finally(() => clearInterval(timer));
}

/** Whole seconds since a time of `Date.now`. */
export function secondsSince(started: number): number {
  return Math.round((Date.now() - started) / 1000);
}

/** Progress on stderr. */
export function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
