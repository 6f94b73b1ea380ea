/** Makes an outcome of what Deno says when it cannot bundle a module from elsewhere. Pure. */
import { buildProblem } from './build-problem.ts';
import { deniedProblem, isDenied } from './denied-hosts.ts';
import { untrusted } from './certificate-problem.ts';
import { ranOutOfMemory, tookTooLong } from './deno.ts';
import type { FailedCode, RefusedCode } from './outcome.ts';

type Reason = RefusedCode['reason'] | FailedCode['reason'];

/** What Deno says, by the word it is known by, and what that means for whoever asked. The first that fits counts. */
const meanings: readonly [RegExp, Reason][] = [
  [new RegExp(`${ranOutOfMemory}|@esbuild|esbuild-\\d|Deno does not run`), 'ResolverFailed'],
  [/Requires import access to/, 'ImportRefused'],
  [/[Ii]ntegrity check failed|lockfile is out of date/, 'LockMismatch'],
  [
    /Module not found "https?:|failed: 4(?:04|10) |npm package .* does not exist|JSR package .* not found/i,
    'SourceNotFound',
  ],
  [/failed: 40[13] /, 'SourceUnauthorized'],
  [
    /failed: [45]\d\d |error sending request|Failed loading https?:|error (?:reading|decoding)|redirect|timed out/i,
    'SourceUnreachable',
  ],
  [new RegExp(tookTooLong), 'SourceUnreachable'],
];

const refusing: ReadonlySet<Reason> = new Set(['ImportRefused', 'LockMismatch', 'InvalidSource']);

/** @param address of the module that was asked for. @param name how a file is named */
export function remoteProblem(
  stderr: string,
  address: string,
  name: (path: string) => string,
): RefusedCode | FailedCode {
  const text = stderr.replaceAll(/\u001b\[[\d;]*m/g, '');
  const reason = meanings.find(([words]) => words.test(text))?.[1] ?? 'InvalidSource';
  const sentence = sentenceFor(reason, text, address) ?? buildProblem(text, address, name).sentence;
  return refusing.has(reason)
    ? { kind: 'refused', reason, sentence } as RefusedCode
    : { kind: 'failed', reason, sentence } as FailedCode;
}

function sentenceFor(reason: Reason, text: string, address: string): string | undefined {
  if (reason === 'ImportRefused') return hostRefused(text, address);
  if (reason === 'SourceNotFound' && text.includes(`"${address}"`)) {
    return `there is no module at ${address}: check the address`;
  }
  if (text.includes(tookTooLong)) {
    return `${address} and what it imports ${lateness(text)}: is one of the hosts slow, or does one not answer?`;
  }
  const [, bound] = new RegExp(`${ranOutOfMemory}(, of which it may have \\S+)?`).exec(text) ?? [];
  if (text.includes(ranOutOfMemory)) {
    return `what bundles ${address} and what it imports ${ranOutOfMemory}${
      bound ?? ''
    }: import less, or give it more, in a cluster by the value code.resources of the chart`;
  }
  return untrusted(text, /for url \((\S+?)\)/.exec(text)?.[1] ?? address);
}

function lateness(text: string): string {
  return new RegExp(`${tookTooLong} \\d+(?:\\.\\d+)? s`).exec(text)?.[0] ?? tookTooLong;
}

/** Deno names the host; the author has to name it too. */
function hostRefused(text: string, address: string): string {
  const [, host = ''] = /Requires import access to "(.+?)"/.exec(text) ?? [];
  const [name = ''] = host.split(/:\d+$/);
  if (isDenied(name)) return deniedProblem(host);
  const [, where = address] = /^\s*at (\S+:\d+:\d+)\s*$/m.exec(text) ?? [];
  return `${where}: modules of ${host} are not imported: add ${host} to spec.source.importHosts, or import from a host that is there`;
}
