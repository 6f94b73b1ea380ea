/**
 * Gives the `proof` tests the second evaluator. A machine that cannot build it skips its test, with the reason
 * printed here; in CI only a missing Go may do that, a failed build fails.
 */
import type { TestProject } from 'vitest/node';
import { CannotBuild } from '../control-plane/tool.ts';
import { secondEvaluatorProgram } from './build.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the second evaluator; empty when there is none. */
    secondEvaluator: string;
  }
}

/** Called by vitest before the first test of the project. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('secondEvaluator', await secondEvaluatorProgram().catch(skipped));
}

function skipped(error: unknown): '' {
  if (!(error instanceof CannotBuild) || (error.reason === 'BuildFailed' && process.env['CI'] === 'true')) throw error;
  process.stderr.write(`The tests with the second evaluator are skipped: ${error.message}\n`);
  return '';
}
