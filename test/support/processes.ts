/** Child processes of tests: free ports, captured output, stopped by pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { keepProcess } from './keeper.ts';

/**
 * Ports below those the system gives to outgoing connections, a slice for each test process: a port
 * that was free a moment ago is not taken by somebody else before it is used.
 */
const firstPort = 12_000;
const slices = 20;
const portsPerSlice = 1000;
const slice = Number(process.env['VITEST_POOL_ID'] ?? 0) % slices;
let offset = Math.floor(Math.random() * portsPerSlice);

/** A TCP port on loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsPerSlice; tries++) {
    offset = (offset + 1) % portsPerSlice;
    const port = firstPort + slice * portsPerSlice + offset;
    if (await canListen(port)) return port;
  }
  throw new Error(`no port is free from ${firstPort + slice * portsPerSlice} on`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
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
export function start(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; stdin?: string; uid?: number; gid?: number } = {},
): TestProcess {
  const child = spawn(command, args, {
    env: options.env ?? process.env,
    cwd: options.cwd,
    uid: options.uid,
    gid: options.gid,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
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
