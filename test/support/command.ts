/** Commands that end by themselves. */
import { spawn } from 'node:child_process';

/** What a command left behind. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command gets, beside its arguments: the environment of this process and an empty stdin when it is not said. */
export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string | undefined;
  readonly cwd?: string;
}

/** Runs a command to its end; a failure is in `code`. @throws Error when it does not start */
export function tryRun(
  program: string,
  args: readonly string[],
  { env = process.env, stdin = '', cwd }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, { env, cwd, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined); // it may end before it reads
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, ...output }));
  });
}

/** Runs a command that has to succeed. @returns its stdout. @throws Error with its stderr */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
