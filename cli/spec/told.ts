/** What came of specs, for people. Pure. */
import type { Difference } from './difference.ts';
import { type CaseOutcome, isPassed, type SpecOutcome } from './outcome.ts';

type Paint = (colour: 'green' | 'red' | 'dim', text: string) => string;

const codes = { green: 32, red: 31, dim: 2 } as const;

/** All lines of a run. */
export function linesOf(outcomes: readonly SpecOutcome[], coloured: boolean): string[] {
  const paint: Paint = (colour, text) => (coloured ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
  return [...outcomes.flatMap((outcome) => [...specLines(outcome, paint), '']), summary(outcomes)];
}

function specLines({ file, cases, fault }: SpecOutcome, paint: Paint): string[] {
  const why = fault === undefined ? [] : fault.split('\n').map((line) => `  ${line}`);
  return [
    file,
    ...cases.flatMap((one) => caseLines(one, paint)),
    ...(fault === undefined ? [] : [`  ${paint('red', '✗')} not run:`, ...why]),
  ];
}

function caseLines(one: CaseOutcome, paint: Paint): string[] {
  const took = one.ms === undefined ? '' : paint('dim', ` (${Math.round(one.ms)} ms)`);
  if (isPassed(one)) return [`  ${paint('green', '✓')} ${one.name}${took}`];
  return [
    `  ${paint('red', '✗')} ${one.name}${took}`,
    paint('dim', `      ${one.where}, ref ${one.ref}`),
    ...(one.fault === undefined ? [] : [`      ${one.fault}`]),
    ...one.differences.flatMap((difference) => differenceLines(difference, paint)),
  ];
}

/** A minus before what was expected, a plus before what came. */
function differenceLines({ path, expected, found }: Difference, paint: Paint): string[] {
  const texts = [expected, found].map(textLines);
  const [wanted = [], got = []] = texts.every((lines) => lines !== undefined) && texts.some((lines) => lines.length > 1)
    ? changed(texts[0] ?? [], texts[1] ?? [])
    : [[expected ?? 'nothing'], [found ?? 'nothing']];
  return [
    `      ${path}`,
    ...wanted.map((line) => paint('green', `        - ${line}`)),
    ...got.map((line) => paint('red', `        + ${line}`)),
  ];
}

/** The lines of a text; undefined for a value of another kind. */
function textLines(json: string | undefined): readonly string[] | undefined {
  if (json?.startsWith('"') !== true) return undefined;
  try {
    return (JSON.parse(json) as string).split('\n');
  } catch {
    return undefined; // words of a placeholder
  }
}

/** Without the lines both begin and end with. */
function changed(expected: readonly string[], found: readonly string[]): readonly (readonly string[])[] {
  const head = expected.findIndex((line, at) => line !== found[at]);
  const begin = head < 0 ? expected.length : head;
  let tail = 0;
  while (
    tail < Math.min(expected.length, found.length) - begin && expected.at(-1 - tail) === found.at(-1 - tail)
  ) tail += 1;
  return [expected, found].map((lines) => [
    ...(begin > 0 ? ['…'] : []),
    ...lines.slice(begin, lines.length - tail),
    ...(tail > 0 ? ['…'] : []),
  ]);
}

function summary(outcomes: readonly SpecOutcome[]): string {
  const cases = outcomes.flatMap((outcome) => outcome.cases);
  const passed = cases.filter(isPassed).length;
  const unrun = outcomes.filter(({ fault }) => fault !== undefined).length;
  const counted = `${passed} of ${cases.length} case${cases.length === 1 ? '' : 's'} passed`;
  return unrun === 0 ? counted : `${counted}, ${unrun} spec${unrun === 1 ? '' : 's'} not run`;
}
