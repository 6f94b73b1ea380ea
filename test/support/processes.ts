/** Child processes of tests: free ports, captured output, stopped by pid. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { keepProcess } from './keeper.ts';

/** A TCP port on loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** A running child with everything it has printed so far. */
export interface TestProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** stdout and stderr, interleaved as they came. */
  output(): string;
  /** Exit code, or the signal's name, once it has ended. */
  readonly ended: Promise<number | string>;
  /** SIGTERM, then SIGKILL after `graceMs`; settles when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a command; `stdin` is written and closed when given. It ends with this process, however that ends. */
export function start(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; stdin?: string } = {}): TestProcess {
  const child = spawn(command, args, { env: options.env ?? process.env, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const release = child.pid === undefined ? () => undefined : keepProcess(child.pid);
  child.once('exit', release);
  const chunks: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stdin.on('error', () => undefined); // a child may end before it reads its stdin
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  ended.catch(() => undefined); // told to whoever awaits `ended`
  return {
    child,
    pid: child.pid ?? -1,
    output: () => chunks.join(''),
    ended,
    async stop(graceMs = 5000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended.finally(() => clearTimeout(kill));
    },
  };
}
