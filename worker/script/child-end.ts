/** Why a child ended, in one sentence, out of its exit and of what it wrote last. Pure. */
import { endMark } from '../../contract/pod.ts';
import { inTermsOfTheManifest } from '../pod/denials.ts';
import { plain } from '../pod/foreign.ts';

/** How a child ended. */
export interface ChildEnd {
  /** Its exit code; 128 + n when signal n ended it. */
  readonly code: number;
  readonly signal: Deno.Signal | null;
  /** The end of what it wrote to stderr. */
  readonly lastWords: string;
}

/** Lines of stderr that say where something happened, or nothing at all. */
const noSentence = /^(?:at |\d+: |Stack backtrace:|Caused by:|[\^~|#]|$)/;

/**
 * The sentence.
 * @param who `script`, or `worker` for a runtime of ours
 * @returns undefined when the child has said it itself, in its last line
 */
export function whyEnded(who: string, { code, signal, lastWords }: ChildEnd): string | undefined {
  const lines = plain(lastWords).split('\n').map((line) => line.trim());
  if (lines.findLast((line) => line !== '')?.startsWith(endMark)) return undefined;
  if (
    lines.some((line) =>
      line.includes('JavaScript heap out of memory') || line.includes('Fatal JavaScript out of memory')
    )
  ) {
    return `the ${who} ran out of memory: raise spec.pod.resources.limits.memory, or hold less at once`;
  }
  const said = errorOf(lines) ?? (signal === null ? lines.findLast((line) => !noSentence.test(line)) : undefined);
  const end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  return `the ${who} ${end}${said === undefined ? '' : `: ${inTermsOfTheManifest(said)}`}`;
}

/** What Deno says about an error nobody caught, with its place in the user's file. */
function errorOf(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => line.startsWith('error: '));
  const said = lines[at]?.slice('error: '.length).replace(/^Uncaught (?:\(in (?:promise|worker "[^"]*")\) )*/, '');
  if (said === undefined) return undefined;
  const [, position] = /\bfile:\/\/\/(?:[^\s/]*\/)*([^\s/]+:\d+:\d+)/.exec(lines.slice(at).join('\n')) ?? [];
  return position === undefined ? said : `${said} (${position})`;
}
