/** Why a container ended, in one sentence: found in what it wrote last, or told by its exit code. Pure. */
import { endMark, exitCodes } from '../../../contract/pod.ts';
import { bounded, ownWords } from './text.ts';

/** The end of a container, as far as it is read. */
export interface Ended {
  readonly exitCode?: number;
  readonly reason?: string;
  /** The end of its output. */
  readonly message?: string;
}

/** Longest sentence taken from what a container wrote. */
const maxSentence = 500;

/** The first line of an uncaught error, as V8 prints it; Deno begins with `error: `. */
const errorLine = /^(?:Uncaught )?(?:\(in [^)]*\) )?(?:[A-Z]\w*)?(?:Error|Exception|NotCapable)(?: \[\w+\])?: /;

/** What stands before the error's own sentence. */
const prefixes = /^(?:error: )?(?:Uncaught )?(?:\(in [^)]*\) )?(?:Error: )?/;

const killed: Readonly<Record<number, string>> = {
  137:
    'was killed (SIGKILL): its event loop did not turn for a minute, as in a loop that never awaits, or its node ran out of memory',
  139: 'crashed with a segmentation fault (SIGSEGV)',
  143: 'was ended from outside (SIGTERM)',
};

const ownExits: Readonly<Record<number, string>> = {
  [exitCodes.fenced]: 'stopped because its pid or owner in the config hash was changed or removed',
  [exitCodes.badSource]: 'could not take the module: it does not parse, or its default export is not a function',
  [exitCodes.badConfig]: 'could not read its config hash, or its key does not open the secret',
  [exitCodes.networkOpen]: 'was let out to the canary by the network, which is to be closed',
  [exitCodes.networkUnverified]: 'could not dial the canary, so nobody knows whether the network is closed',
};

/** A node that is told nothing of an end with exit code 0 knows no more. */
const endsWell =
  'ends again and again with exit code 0: its program ends by itself, or its node ends it because it does not come up or its event loop does not turn';
const memoryFix = 'hold less at once, or raise spec.pod.resources.limits.memory';

/** The sentence that says why a container ended. */
export function whyEnded({ exitCode = 0, reason, message = '' }: Ended): string {
  if (reason === 'OOMKilled') return `was killed for using more memory than its limit: ${memoryFix}`;
  const lines = ownWords(message).split('\n').map((line) => line.trimEnd()).filter((line) => line !== '');
  const own = lines.findLast((line) => line.startsWith(endMark));
  if (own !== undefined) return bounded(own.slice(endMark.length), maxSentence);
  if (
    lines.some((line) => line.includes('JavaScript heap out of memory') || line.includes('JavaScript out of memory'))
  ) {
    return `ran out of memory for JavaScript objects: ${memoryFix}`;
  }
  return killed[exitCode] ?? sentenceIn(lines) ?? ownExits[exitCode] ?? byCode(exitCode);
}

/** True where nothing but another module can help: our runtimes keep this code to themselves. */
export function needsSource({ exitCode }: Ended): boolean {
  return exitCode === exitCodes.badSource;
}

function sentenceIn(lines: readonly string[]): string | undefined {
  const error = lines.findLast((line) => line.startsWith('error: ')) ?? lines.findLast((line) => errorLine.test(line));
  const line = error?.replace(prefixes, '') ?? lines.findLast((one) => !isNoise(one.trim()))?.trim();
  return line === undefined ? undefined : bounded(line, maxSentence);
}

function byCode(exitCode: number): string {
  if (exitCode === 0) return endsWell;
  return exitCode > 128 ? `was ended by signal ${exitCode - 128}` : `ended with exit code ${exitCode}`;
}

/** Lines that surround an error without saying what it is. */
const noise = [
  /^at .*(?::\d+:\d+|<anonymous>|native)\)?$/, // a frame of JavaScript
  /\(\+0x[0-9a-f]+\)|^\d+: (?:0x|<unknown>)/, // a frame of native code
  /^[\^~|\s]+$/, // marks below a line of code
  /^#|^=+ .* =+$|^-+ .* -+$|^(?:Stack backtrace|Caused by):/,
  /^\{".*/, // a log line
];

function isNoise(line: string): boolean {
  return noise.some((pattern) => pattern.test(line));
}
