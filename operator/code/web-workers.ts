/** Finds modules that start a Web Worker from a file beside them: that file is in no bundle. Pure. */

const started = /new\s+Worker\(\s*new\s+URL\(\s*(["'`])([^"'`\n]+)\1\s*,\s*import\.meta\.url\s*\)/;

/** @param name of the file with that text. @returns what to tell its author; undefined when there is nothing */
export function webWorkerProblem(text: string, name: string): string | undefined {
  const found = started.exec(text);
  if (found === null) return undefined;
  const before = text.slice(0, found.index).split('\n');
  const place = `${name}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
  return `${place}: a Web Worker is started from ${
    found[2] ?? ''
  }, a file pods do not have: do its work in the module itself, or give it as a "data:text/javascript,…" address`;
}
