/** Why a child ended, in one sentence, out of its exit and of what it wrote last. Pure. */
import { endMark } from '../../contract/pod.ts';
import { inTermsOfTheManifest } from '../pod/denials.ts';
import { plain, quotedCode } from '../pod/foreign.ts';

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

/** How Deno begins to say what nobody caught. */
const errorMark = /^error: /;

/**
 * The sentence.
 * @param who `script`, or `worker` for a runtime of ours
 * @returns undefined when the child has said it itself, in its last line
 */
export function whyEnded(who: string, { code, signal, lastWords }: ChildEnd): string | undefined {
  const lines = linesOf(lastWords);
  if (lines.findLast((line) => line !== '')?.startsWith(endMark)) return undefined;
  if (
    lines.some((line) =>
      line.includes('JavaScript heap out of memory') || line.includes('Fatal JavaScript out of memory')
    )
  ) {
    return `the ${who} ran out of memory: raise spec.pod.resources.limits.memory, or hold less at once`;
  }
  const said = errorOf(lines) ?? (signal === null ? lastSentence(lines) : undefined);
  const end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  return `the ${who} ${end}${said === undefined ? '' : `: ${said}`}`;
}

/** True when Deno could not read the program as one: it has run nothing of it, and will not next time. */
export function doesNotParse({ signal, lastWords }: ChildEnd): boolean {
  if (signal !== null) return false;
  const lines = linesOf(lastWords);
  const at = lines.findIndex((line) => errorMark.test(line));
  // A SyntaxError that running code has thrown, as JSON.parse does, comes with the frames of that code.
  const frame = lines.slice(at).find((line) => line.startsWith('at ')) ?? '';
  return /^error: SyntaxError: /.test(lines[at] ?? '') ||
    (/^error: Uncaught SyntaxError: /.test(lines[at] ?? '') && frame.startsWith('at <anonymous> (file:///'));
}

function linesOf(lastWords: string): string[] {
  return plain(lastWords).split('\n').map((line) => line.trim());
}

/** What Deno says about an error nobody caught, with its place in the user's file, and the code there when it does not parse. */
function errorOf(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => errorMark.test(line));
  const said = lines[at]?.slice('error: '.length).replace(/^Uncaught (?:\(in (?:promise|worker "[^"]*")\) )*/, '');
  if (said === undefined) return undefined;
  const sentence = inTermsOfTheManifest(said);
  const [, position] = /\bfile:\/\/\/(?:[^\s/]*\/)*([^\s/]+:\d+:\d+)/.exec(lines.slice(at).join('\n')) ?? [];
  if (position === undefined) return sentence;
  const code = said.startsWith('SyntaxError: ') ? codeIn(lines.slice(at)) : undefined;
  return `${sentence} (${position})${code === undefined ? '' : `: ${quotedCode(code)}`}`;
}

/** The line of code above the first mark below it. */
function codeIn(lines: readonly string[]): string | undefined {
  const mark = lines.findIndex((line) => /^\|?\s*[\^~]+$/.test(line));
  return mark < 1 ? undefined : lines[mark - 1]?.replace(/^\d+ \|/, '');
}

/** The last thing a program has said: of an error it printed the sentence, not its frames and fields. */
function lastSentence(lines: readonly string[]): string | undefined {
  const said = withoutFields(lines).findLast((line) => !noSentence.test(line));
  return said && inTermsOfTheManifest(said);
}

/** Without what stands in braces below an error's last frame. */
function withoutFields(lines: readonly string[]): readonly string[] {
  let isField = false;
  return lines.filter((line) => {
    const wasField = isField;
    if (/^at .* \{$/.test(line)) isField = true;
    else if (line === '}') isField = false;
    return !wasField;
  });
}
