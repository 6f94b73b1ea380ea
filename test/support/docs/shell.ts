/** Runs the commands of a page the way a person types them: in one folder, with the programs of a test in front. */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { type Block, promised } from './blocks.ts';

/** Where commands are run. */
export interface Shell {
  readonly cwd: string;
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds a block may take [120000]. */
  readonly deadlineMs?: number;
}

/** Runs a block from its first command to its last, and looks whether it ended well and printed what it promises. */
export async function runBlock({ page, line, commands, output }: Block, shell: Shell): Promise<string> {
  const { exitCode, printed } = await run(commands, shell);
  expect(exitCode, `${page}:${line}\n${commands}\n${printed}`).toBe(0);
  if (output !== undefined) expect(printed, `${page}:${line}\n${commands}`).toMatch(promised(output));
  return printed;
}

/** Runs blocks one after the other; those for another terminal go on beside them, and end when all others have. */
export async function runBlocks(all: readonly Block[], shell: Shell): Promise<string> {
  const terminals: Terminal[] = [];
  let printed = '';
  try {
    for (const block of all) {
      if (block.inAnotherTerminal) terminals.push(openTerminal(block, shell));
      else printed += await runBlock(block, shell);
    }
  } catch (error) {
    throw new Error(terminals.map((terminal) => terminal.output()).join('\n'), { cause: error });
  } finally {
    await Promise.all(terminals.map((terminal) => terminal.interrupt()));
  }
  return printed;
}

/** Commands that run until Ctrl-C. */
export interface Terminal {
  output(): string;
  /** Ctrl-C; settles when all has ended. */
  interrupt(): Promise<void>;
}

/** Starts the commands of a block. */
export function openTerminal({ commands }: Block, { cwd, env }: Shell): Terminal {
  const child = spawn('bash', ['-c', commands], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += text.toString()));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, name);
  };
  return {
    output: () => printed,
    async interrupt() {
      signal('SIGINT');
      const timer = setTimeout(() => signal('SIGKILL'), 30_000);
      await closed.finally(() => clearTimeout(timer));
    },
  };
}

/** Runs commands in bash, which ends at the first that fails, or at the deadline with all it has started. */
export function run(
  commands: string,
  { cwd, env, deadlineMs = 120_000 }: Shell,
): Promise<{ readonly exitCode: number | null; readonly printed: string }> {
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', commands], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, so that what the block has started ends with it
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += text.toString()));
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, deadlineMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, printed });
    });
  });
}
