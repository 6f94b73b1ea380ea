/** Go as a build tool: whether it is there, and commands of it with progress for people who wait. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** There are no programs and none can be made; the message says why and what to do. */
export class CannotBuild extends Error {
  override readonly name = 'CannotBuild';
  readonly reason: 'NoGo' | 'BuildFailed';
  constructor(reason: 'NoGo' | 'BuildFailed', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Takes one line for people who wait. */
export type Progress = (line: string) => void;

/** Where a command of Go runs, with what beside the environment of this process, and who sees its stderr line by line. */
export interface GoOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

const progressEveryMs = 15_000;

/**
 * Makes sure that Go is there and no older than `minimum`, for example `1.26`.
 * @throws CannotBuild
 */
export async function requireGo(minimum: string, options: GoOptions): Promise<void> {
  const version = await go(['env', 'GOVERSION'], options).catch(() => undefined);
  const hint = `install Go ${minimum} or newer from https://go.dev/dl to run the tests that need an API server`;
  if (version === undefined) throw new CannotBuild('NoGo', `there is no "go" on PATH: ${hint}`);
  const [, major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const [wantMajor = 0, wantMinor = 0] = minimum.split('.').map(Number);
  if (major < wantMajor || (major === wantMajor && minor < wantMinor)) {
    throw new CannotBuild('NoGo', `"go" on PATH is ${version.trim()}: ${hint}`);
  }
}

/**
 * Runs a command of Go. @returns its stdout
 * @throws CannotBuild with its last words
 */
export function go(args: readonly string[], { cwd, env, onLine = () => undefined }: GoOptions): Promise<string> {
  const child = spawn('go', args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lastLines: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > 20) lastLines.shift();
    onLine(line);
  });
  return new Promise((resolve, reject) => {
    const output = textOf(child.stdout);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) void output.then(resolve, reject);
      else reject(new CannotBuild('BuildFailed', `"go ${args[0] ?? ''}" in ${cwd} failed: ${lastLines.join('\n')}`));
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

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
