/** Whether code is TypeScript or JavaScript at all, by the parser of Deno; nothing is imported, and nothing runs. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { denoPath } from './installation.ts';

/** The first place where it is not. */
export interface SyntaxFault {
  /** Line of the code, counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Undefined for code that can be parsed, and where there is no Deno, as in the image of the operator. */
export async function syntaxFault(code: string): Promise<SyntaxFault | undefined> {
  const deno = installedDeno();
  if (deno === undefined) return undefined;
  const child = spawn(deno, ['fmt', '--no-config', '--ext=ts', '-'], {
    env: { NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // told by what it prints
  child.stdin.end(code);
  const [said] = await Promise.all([
    text(child.stderr),
    new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
    }),
  ]);
  const message = /^error: (?:SyntaxError: )?(.+)$/m.exec(said)?.[1];
  const line = /^\s+at \S+:(\d+):\d+$/m.exec(said)?.[1];
  return message === undefined || line === undefined ? undefined : { line: Number(line), message };
}

/** The Deno that came with this package; undefined where there is none. */
export function installedDeno(): string | undefined {
  try {
    return denoPath();
  } catch {
    return undefined;
  }
}
