/** A reporter of Vitest that tells which tests failed at first and passed when they were run again. */
import type { Reporter, TestCase } from 'vitest/node';

/** Tells at once, so that it stands beside what happened then. */
export default class SecondChances implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { flaky = false } = test.diagnostic() ?? {};
    if (!flaky) return;
    const [first] = test.result().errors ?? [];
    process.stdout.write(
      `passed at the second attempt: ${test.module.moduleId} > ${test.fullName}: ${first?.message ?? ''}\n`,
    );
  }
}
