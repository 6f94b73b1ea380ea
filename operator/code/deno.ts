/** Runs the Deno that bundles: a child process with a cache of its own, bounded in time and in what it may say. */
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';

/** Which Deno, and with what around it. */
export interface DenoTool {
  /** The program. */
  readonly path: string;
  /** DENO_DIR: packages, remote modules and the bundler itself, which Deno fetches from npm once. */
  readonly cache: string;
  /** What the program finds in its environment: proxies, certificates and registries are the caller's to choose. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How far its processes stand back for others, as `nice` has it; 0 unless given. */
  readonly niceness?: number;
  /** Milliseconds a run may take [120000]. */
  readonly longestRunMs?: number;
  /** How much memory there is, as whoever bounds it has written it. */
  readonly memory?: string | undefined;
}

/** What a run left behind. */
export interface DenoRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const longestMs = 120_000;
/** What a run is stopped for when its time is up. */
export const tookTooLong = 'took longer than';
/** What a run was ended for that the system has killed: nobody else does. */
export const ranOutOfMemory = 'ran out of memory';
const maxOutputBytes = 32 * 1024 * 1024;

/** Runs one command of Deno to its end; what goes wrong is in `code` and `stderr`. */
export function runDeno(tool: DenoTool, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<DenoRun> {
  const { promise, resolve } = Promise.withResolvers<DenoRun>();
  const child = spawn(tool.path, args, {
    cwd,
    // Behind a proxy with a certificate of its own, what the machine trusts is needed too.
    env: {
      DENO_TLS_CA_STORE: 'mozilla,system',
      ...tool.environment,
      DENO_DIR: tool.cache,
      NO_COLOR: '1',
      DENO_NO_UPDATE_CHECK: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  if (tool.niceness !== undefined && child.pid !== undefined) standBack(child.pid, tool.niceness);
  const said = { stdout: '', stderr: '' };
  let why = '';
  const stop = (reason: string): void => {
    why = reason;
    child.kill('SIGKILL');
  };
  const { longestRunMs = longestMs } = tool;
  const late = setTimeout(() => stop(`${tookTooLong} ${longestRunMs / 1000} s`), longestRunMs);
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
      if (said[stream].length > maxOutputBytes) stop('said more than can be read');
    });
  }
  child.once('error', (error) => {
    clearTimeout(late);
    resolve({ code: 127, stdout: '', stderr: `error: Deno does not run: ${error.message}` });
  });
  child.once('close', (code, killedBy) => {
    clearTimeout(late);
    if (why === '' && killedBy === 'SIGKILL') {
      why = `${ranOutOfMemory}${tool.memory === undefined ? '' : `, of which it may have ${tool.memory}`}`;
    }
    const stderr = why === '' ? said.stderr : `error: ${args[0] ?? 'deno'} ${why}`;
    resolve({ code: why === '' ? code ?? 1 : 1, stdout: said.stdout, stderr });
  });
  return promise;
}

function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // it has ended already
  }
}
