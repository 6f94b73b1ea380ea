import { expect, test } from 'vitest';
import { countJunit, countVitest, oneCheck, sum, summary, withExitCode } from './count.ts';

const report = (testResults: readonly object[], totals: object = {}): string =>
  JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults, ...totals });

test('the counts of all runners are summed into one line', () => {
  expect(summary(sum([oneCheck(true), oneCheck(false), { passed: 3, failed: 0, skipped: 2 }]))).toBe(
    '4 passed, 1 failed, 2 skipped',
  );
});

test('a test file that does not load counts as one failure', () => {
  const broken = { status: 'failed', assertionResults: [] };
  const failing = { status: 'failed', assertionResults: [{ status: 'failed' }] };
  expect(countVitest(report([broken, failing], { numPassedTests: 5, numFailedTests: 1 }))).toEqual({
    passed: 5,
    failed: 2,
    skipped: 0,
  });
});

test('skipped and todo tests are told apart from passed ones', () => {
  expect(countVitest(report([], { numPassedTests: 1, numPendingTests: 2, numTodoTests: 1 }))).toEqual({
    passed: 1,
    failed: 0,
    skipped: 3,
  });
});

test('a JUnit report is counted by test case', () => {
  const xml =
    '<testsuites><testsuite><testcase name="a"></testcase><testcase name="b"><failure message="&lt;failure&gt;"/></testcase><testcase name="c"><skipped/></testcase></testsuite></testsuites>';
  expect(countJunit(xml)).toEqual({ passed: 1, failed: 1, skipped: 1 });
});

test('a runner that ends badly without a failed test counts as one failure', () => {
  expect(withExitCode({ passed: 2, failed: 0, skipped: 0 }, 1)).toEqual({ passed: 2, failed: 1, skipped: 0 });
  expect(withExitCode({ passed: 2, failed: 3, skipped: 0 }, 1)).toEqual({ passed: 2, failed: 3, skipped: 0 });
});
