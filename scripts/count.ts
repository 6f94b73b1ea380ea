/** Reads how many tests passed from the reports of the test runners. */
import { z } from 'zod';

/** Tests, or checks, by outcome. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a runner found. */
export interface Outcome {
  readonly count: Count;
  /** A line for each failure: where, what and why, as far as the runner tells. */
  readonly failures: readonly string[];
  /** The files in which something failed, and all that was counted in each; none where the runner knows no files. */
  readonly failedFiles: readonly { readonly path: string; readonly count: Count }[];
}

/** A single check that passed or did not. */
export function oneCheck(passed: boolean): Count {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** The sum over all runners. */
export function sum(counts: readonly Count[]): Count {
  return counts.reduce((total, { passed, failed, skipped }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: total.skipped + skipped,
  }), { passed: 0, failed: 0, skipped: 0 });
}

/** What two runs found together, when the second took the files anew in which the first had failures. */
export function withSecondRun(first: Outcome, second: Outcome): Outcome {
  const again = sum(first.failedFiles.map(({ count }) => count));
  const left = (outcome: keyof Count): number => first.count[outcome] - again[outcome] + second.count[outcome];
  return { ...second, count: { passed: left('passed'), failed: left('failed'), skipped: left('skipped') } };
}

/** `N passed, N failed, N skipped` */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({
    status: z.string(),
    name: z.string().optional(),
    message: z.string().optional(),
    assertionResults: z.array(z.object({
      status: z.string(),
      fullName: z.string().optional(),
      failureMessages: z.array(z.string()).nullish(),
    })),
  })),
});

type VitestFile = z.infer<typeof vitestReport>['testResults'][number];

/**
 * Reads Vitest's JSON report; a file that failed outside its tests counts as one failure.
 * @throws Error when the text is no such report.
 */
export function readVitest(report: string): Outcome {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = vitestReport.parse(
    JSON.parse(report),
  );
  const failed = testResults.filter(({ status }) => status === 'failed');
  return {
    count: {
      passed: numPassedTests,
      failed: numFailedTests + failed.filter(isBroken).length,
      skipped: numPendingTests + numTodoTests,
    },
    failures: failed.flatMap(failuresIn),
    failedFiles: failed.map((file) => ({ path: file.name ?? '', count: countOf(file) })),
  };
}

/** Whether it failed outside its tests. */
function isBroken({ assertionResults }: VitestFile): boolean {
  return !assertionResults.some(({ status }) => status === 'failed');
}

function countOf(file: VitestFile): Count {
  const { assertionResults } = file;
  const passed = assertionResults.filter(({ status }) => status === 'passed').length;
  const failed = assertionResults.filter(({ status }) => status === 'failed').length;
  return { passed, failed: isBroken(file) ? 1 : failed, skipped: assertionResults.length - passed - failed };
}

function failuresIn(file: VitestFile): readonly string[] {
  if (isBroken(file)) return [failure(file.name, 'the file', file.message)];
  return file.assertionResults.filter(({ status }) => status === 'failed').map(({ fullName, failureMessages }) =>
    failure(file.name, fullName, failureMessages?.[0])
  );
}

function failure(file = 'a file', name = 'a test', message = ''): string {
  const [why = ''] = message.trimStart().split(/\r?\n|&#10;|&#xA;/, 1);
  return `${file.replace(/^.*\/(?=(?:[^/]+\/){2})/, '')} > ${name}: ${why.slice(0, 300)}`;
}

const junitSuite = /<testsuite name="([^"]*)"[^>]*>(.*?)<\/testsuite>/gs;
const junitFailure = /<testcase name="([^"]*)"[^>]*>\s*<(?:failure|error)(?: message="([^"]*))?/g;

/** Reads a JUnit report, as `deno test --junit-path` writes it, where a suite is a file. */
export function readJunit(report: string): Outcome {
  const suites = [...report.matchAll(junitSuite)].map(([, path = '', text = '']) => ({
    path,
    text,
    count: casesIn(text),
  }));
  const failed = suites.filter(({ count }) => count.failed > 0);
  return {
    count: sum(suites.map(({ count }) => count)),
    failures: failed.flatMap(({ path, text }) =>
      [...text.matchAll(junitFailure)].map(([, name, message]) => failure(path, name, message))
    ),
    failedFiles: failed.map(({ path, count }) => ({ path, count })),
  };
}

function casesIn(text: string): Count {
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const failed = count(/<(?:failure|error)\b/g);
  const skipped = count(/<skipped\b/g);
  return { passed: count(/<testcase\b/g) - failed - skipped, failed, skipped };
}

/** What a runner that did not end well must add: it failed even when no test of it did. */
export function withExitCode(outcome: Outcome, exitCode: number): Outcome {
  if (exitCode === 0 || outcome.count.failed > 0) return outcome;
  return {
    ...outcome,
    count: { ...outcome.count, failed: 1 },
    failures: [`no test failed, but the exit code is ${exitCode}`],
  };
}
