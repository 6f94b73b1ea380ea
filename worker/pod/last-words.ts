/** The last line a process of ours writes: one sentence that says why it ends. The operator shows it in the status. */
import { endMark, exitCodes } from '../../contract/pod.ts';
import { FatalError } from './fatal.ts';
import { fullMessage, propertyOf, shown } from './foreign.ts';

/**
 * Writes why the process ends. Only a bug of ours is worth its stack, and that comes before.
 * @returns the exit code for it
 */
export function tellEnd(error: unknown): number {
  if (error instanceof FatalError) return tellReason(error.message, error.exitCode);
  writeLines(shown(propertyOf(error, 'stack')));
  return tellReason(fullMessage(error), exitCodes.failed);
}

/**
 * Writes the sentence.
 * @returns `code`
 */
export function tellReason(sentence: string, code: number): number {
  writeLines(endMark + sentence.split('\n').map((line) => line.trim()).join(' '));
  return code;
}

/** Not by console, which may be user code's by then. */
function writeLines(text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let sent = 0; sent < bytes.length;) sent += Deno.stderr.writeSync(bytes.subarray(sent));
}
