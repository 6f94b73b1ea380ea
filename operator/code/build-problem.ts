/** Makes one sentence of what Deno says when it cannot bundle: file and line of the author's, what is wrong, the fix. Pure. */
import { pathOf } from './graph.ts';

/** A fault, and where it is when that can be told. */
export interface BuildProblem {
  readonly sentence: string;
  /** The author's file it is in. */
  readonly file: string | undefined;
}

/** @param name how a file is named to the author */
export function buildProblem(stderr: string, entry: string, name: (path: string) => string): BuildProblem {
  const text = stderr.replaceAll(/\u001b\[[\d;]*m/g, '').replaceAll('\r', '');
  const [, message = '', rest = ''] = /(?:^|\n)(?:error: |TS\d+ \[ERROR\]: )([^\n]*)([\s\S]*)/.exec(text) ?? [];
  const said = saidBy(message.trim(), rest);
  const [, address, line, column] = /^\s*at (\S+?):(\d+):(\d+)\s*$/m.exec(rest) ?? [];
  const file = pathOf(address);
  const where = address === undefined ? name(entry) : `${file === undefined ? address : name(file)}:${line}:${column}`;
  const more = Number(/\nFound (\d+) errors\./.exec(text)?.[1] ?? 1) - 1;
  const also = more > 0 ? ` (and ${more} more)` : '';
  return { sentence: `${where}: ${explained(said, rest, name)}${also}`, file };
}

/** The fault itself: Deno puts what it was about first, and what happened below. */
function saidBy(message: string, rest: string): string {
  const [, cause = message] = /^\s*Caused by:\s*\n\s*(?:0: )?(\S[^\n]*)/m.exec(rest) ?? [];
  if (message === 'Prepare module load error') return cause;
  const last = [...rest.matchAll(/^ {4}\d+: (?!<unknown>)(.*)$/gm)].at(-1)?.[1];
  return last === undefined ? message : `${message.replace(/\.$/, '')}: ${last}`;
}

/** What can be said better than Deno does, which knows nothing of bundles for pods. */
const explanations: readonly [RegExp, (found: RegExpExecArray, name: (path: string) => string) => string][] = [
  [
    /^Module not found "(.+?)"/,
    ([, address = ''], name) => `there is no ${name(pathOf(address) ?? address)}, which is imported here`,
  ],
  [
    /^Import "(.+?)" not a dependency/,
    ([, specifier = '']) =>
      `"${specifier}" is not known: write npm:${specifier}, or add it to "imports" of the deno.json beside the module`,
  ],
  [
    /^Requires import access to "(.+?)"/,
    ([, host = '']) =>
      `modules of ${host} are not loaded: Deno imports from jsr.io, esm.sh, deno.land and a few more; copy the module into the project`,
  ],
  [
    /^The lockfile is out of date/,
    () => 'deno.lock does not have all that is imported: run "deno install" beside it, and keep the lock it writes',
  ],
  [
    /^Do not know how to load path: deno:(\S+)/,
    ([, specifier = '']) =>
      `${specifier} cannot be loaded: is there such a package, is its registry reachable, and is it what a deno.lock says?`,
  ],
  [
    /[Ii]ntegrity check failed/,
    () => 'what was loaded is not what deno.lock says it should be: find out why before you renew the lock',
  ],
  [/^(?:Syntax|Type|Parse)Error: (.+)/, ([, message = '']) => message],
];

function explained(message: string, rest: string, name: (path: string) => string): string {
  for (const [pattern, say] of explanations) {
    const found = pattern.exec(message);
    if (found) return say(found, name);
  }
  if (/esbuild/.test(message + rest) && /download|registry|npm|fetch|sending request/.test(message + rest)) {
    return 'the bundler cannot be fetched: Deno takes esbuild from npm once; go online, or set NPM_CONFIG_REGISTRY to a registry that can be reached';
  }
  return message === '' ? 'this cannot be bundled, and Deno does not say why' : message.replace(/\.$/, '');
}
