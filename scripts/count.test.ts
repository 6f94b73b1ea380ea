import { expect, test } from 'vitest';
import { oneCheck, type Outcome, readJunit, readVitest, sum, summary, withExitCode, withSecondRun } from './count.ts';

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
  expect(readVitest(report([broken, failing], { numPassedTests: 5, numFailedTests: 1 })).count).toEqual({
    passed: 5,
    failed: 2,
    skipped: 0,
  });
});

test('skipped and todo tests are told apart from passed ones', () => {
  expect(readVitest(report([], { numPassedTests: 1, numPendingTests: 2, numTodoTests: 1 })).count).toEqual({
    passed: 1,
    failed: 0,
    skipped: 3,
  });
});

test('a JUnit report is counted by test case', () => {
  const xml =
    '<testsuites><testsuite name="a_test.ts"><testcase name="a"></testcase><testcase name="b"><failure message="&lt;failure&gt;"/></testcase><testcase name="c"><skipped/></testcase></testsuite></testsuites>';
  expect(readJunit(xml).count).toEqual({ passed: 1, failed: 1, skipped: 1 });
});

test('a runner that ends badly without a failed test counts as one failure', () => {
  const well: Outcome = { count: { passed: 2, failed: 0, skipped: 0 }, failures: [], failedFiles: [] };
  expect(withExitCode(well, 0)).toEqual(well);
  expect(withExitCode(well, 1)).toEqual({
    ...well,
    count: { passed: 2, failed: 1, skipped: 0 },
    failures: ['no test failed, but the exit code is 1'],
  });
  const ill: Outcome = { ...well, count: { passed: 2, failed: 3, skipped: 0 }, failures: ['a', 'b', 'c'] };
  expect(withExitCode(ill, 1)).toEqual(ill);
});

test('what failed is told in one line each, with the file and the first line of why', () => {
  const failed = {
    name: '/home/ada/redisworker/test/redis/groups.test.ts',
    status: 'failed',
    assertionResults: [
      { status: 'passed', fullName: 'a group is made' },
      {
        status: 'failed',
        fullName: 'a group is kept',
        failureMessages: ['Error: it was gone\n    at groups.test.ts:4'],
      },
    ],
  };
  const broken = { name: '/a/b/c.test.ts', status: 'failed', message: 'SyntaxError: no', assertionResults: [] };
  expect(readVitest(report([failed, broken])).failures).toEqual([
    'test/redis/groups.test.ts > a group is kept: Error: it was gone',
    'a/b/c.test.ts > the file: SyntaxError: no',
  ]);
  const xml =
    '<testsuites name="deno test"><testsuite name="./w/b_test.ts"><testcase name="a" line="1"></testcase><testcase name="b" line="2"><failure message="Error: no">x</failure></testcase></testsuite></testsuites>';
  expect(readJunit(xml)).toMatchObject({
    failures: ['./w/b_test.ts > b: Error: no'],
    failedFiles: [{ path: './w/b_test.ts', count: { passed: 1, failed: 1 } }],
  });
});

test('files that pass when they are run again count as they do then', () => {
  const passed = { status: 'passed', fullName: 'one' };
  const file = (name: string, second: string) => ({
    name,
    status: second,
    assertionResults: [passed, { status: second, fullName: 'two' }],
  });
  const hook = { name: 'hook.test.ts', status: 'failed', message: 'Error: no port', assertionResults: [] };
  const first = readVitest(
    report([file('a.test.ts', 'passed'), file('b.test.ts', 'failed'), hook], { numPassedTests: 3, numFailedTests: 1 }),
  );
  expect(first.failedFiles.map(({ path }) => path)).toEqual(['b.test.ts', 'hook.test.ts']);
  const second = readVitest(report([file('b.test.ts', 'passed')], { numPassedTests: 5 }));
  expect(withSecondRun(first, second).count).toEqual({ passed: 7, failed: 0, skipped: 0 });
});
