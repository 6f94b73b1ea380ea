/** Programs the build uses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The image cannot be built on this machine, or a step of it failed; the message says which and what to do. */
export class CannotBuildImage extends Error {
  override readonly name = 'CannotBuildImage';
}

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

/**
 * Runs a program to its end.
 * @returns what it wrote to stdout
 * @throws CannotBuildImage when there is no such program, or with the end of what it said when it fails
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe' });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined); // it may end without reading
  child.stdin.end(options.stdin ?? '');
  const [code] = await once(child, 'close').catch((cause: unknown) => {
    throw new CannotBuildImage(`${program} cannot be run: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }) as [number | null];
  if (code !== 0) {
    throw new CannotBuildImage(
      `${[program, ...args.slice(0, 3)].join(' ')} failed: ${
        Buffer.concat([...out, ...err]).toString().trim().slice(-500)
      }`,
    );
  }
  return Buffer.concat(out);
}
