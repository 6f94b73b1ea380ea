/** Reads how many tests passed from the reports of the test runners. */
import { z } from 'zod';

/** Tests, or checks, by outcome. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
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

/** `N passed, N failed, N skipped` */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

/**
 * Counts the tests of Vitest's JSON report; a file that failed outside its tests counts as one failure.
 * @throws Error when the text is no such report.
 */
export function countVitest(report: string): Count {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = vitestReport.parse(
    JSON.parse(report),
  );
  const brokenFiles = testResults.filter(({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + brokenFiles.length,
    skipped: numPendingTests + numTodoTests,
  };
}

/** Counts the tests of a JUnit report, as `deno test --junit-path` writes it. */
export function countJunit(report: string): Count {
  const count = (pattern: RegExp): number => report.match(pattern)?.length ?? 0;
  const tests = count(/<testcase\b/g);
  const failed = count(/<(?:failure|error)\b/g);
  const skipped = count(/<skipped\b/g);
  return { passed: tests - failed - skipped, failed, skipped };
}

/** What a runner that did not end well must add: it failed even when no test of it did. */
export function withExitCode(count: Count, exitCode: number): Count {
  return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}
