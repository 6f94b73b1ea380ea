/** What came of specs, as CI servers read it. Pure. */
import { type CaseOutcome, isPassed, type SpecOutcome } from './outcome.ts';

/** The XML of a run. */
export function junitOf(outcomes: readonly SpecOutcome[]): string {
  const suites = outcomes.map(suite).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites}</testsuites>\n`;
}

function suite({ file, cases, fault }: SpecOutcome): string {
  const failures = cases.filter((one) => !isPassed(one)).length;
  const unrun = fault === undefined
    ? ''
    : `    <testcase name="the workers of the spec" classname="${escaped(file)}">\n      <error message="${
      escaped(fault)
    }"/>\n    </testcase>\n`;
  const tests = cases.length + (fault === undefined ? 0 : 1);
  const numbers = `tests="${tests}" failures="${failures}" errors="${fault === undefined ? 0 : 1}" time="${
    seconds(cases)
  }"`;
  return `  <testsuite name="${escaped(file)}" ${numbers}>\n${
    cases.map((one) => testCase(file, one)).join('')
  }${unrun}  </testsuite>\n`;
}

function testCase(file: string, one: CaseOutcome): string {
  const head = `    <testcase name="${escaped(one.name)}" classname="${escaped(file)}" time="${seconds([one])}"`;
  if (isPassed(one)) return `${head}/>\n`;
  const lines = [
    one.where,
    ...(one.fault === undefined ? [] : [one.fault]),
    ...one.differences.map(({ path, expected, found }) =>
      `${path}: expected ${expected ?? 'nothing'}, found ${found ?? 'nothing'}`
    ),
  ];
  const message = escaped(lines[1] ?? '');
  return `${head}>\n      <failure message="${message}">${escaped(lines.join('\n'))}</failure>\n    </testcase>\n`;
}

function seconds(cases: readonly CaseOutcome[]): string {
  return (cases.reduce((sum, { ms = 0 }) => sum + ms, 0) / 1000).toFixed(3);
}

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** XML has no place for most control characters, not even escaped. */
function escaped(text: string): string {
  return text.replace(/[^\n\P{Cc}]/gu, '\uFFFD').replace(/[<>&"\n]/g, (character) => entities[character] ?? '');
}
