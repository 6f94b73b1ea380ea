/** What Deno refuses a module that runs without a manifest, told once with the flag that would allow it. */

/** Deno's own words, which the runtime leaves as they are. */
const refusal = /Requires (net|env) access to "([^"]+)"/g;

/** A worker that was made of flags. */
export interface FlaggedWorker {
  readonly worker: string;
  /** What its flags allow already. */
  readonly net: readonly string[];
  readonly env: readonly string[];
}

/**
 * Watches the lines of pods.
 * @param tell gets one line for each thing that is refused, the first time
 */
export function refusalWatch(
  workers: readonly FlaggedWorker[],
  tell: (line: string) => void,
): (pod: string, line: string) => void {
  const told = new Set<string>();
  return (pod, line) => {
    const text = line.replaceAll('\\"', '"');
    const of = workers.find(({ worker }) => pod.startsWith(`${worker}-`));
    if (of === undefined || !text.includes('Requires ')) return;
    for (const [, kind = '', what = ''] of text.matchAll(refusal)) {
      const key = `${of.worker} ${kind} ${what}`;
      if (told.has(key)) continue;
      told.add(key);
      tell(sentence(of, kind as 'net' | 'env', what));
    }
  };
}

function sentence(of: FlaggedWorker, kind: 'net' | 'env', what: string): string {
  const done = kind === 'net' ? `reach ${what}` : `read the variable ${what}`;
  return `! ${of.worker} may not ${done}: to allow it, run this again with --allow-${kind}=${
    [...of[kind], what].join(',')
  }`;
}
