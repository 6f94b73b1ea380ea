/** What is to be linted when these files have changed. Pure. */

/** A change of one of these may change the findings in every file. */
const rules = new Set(['eslint.config.js', 'tsconfig.json', 'package.json', 'package-lock.json']);

/** @param changed paths below the project's folder; undefined when nobody knows @returns what ESLint is given */
export function lintTargets(changed: readonly string[] | undefined): readonly string[] {
  if (changed === undefined || changed.some((path) => rules.has(path))) return ['.'];
  return [...new Set(changed)].filter((path) => path.endsWith('.ts')).sort();
}
