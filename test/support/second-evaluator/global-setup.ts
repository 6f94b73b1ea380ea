/**
 * Gives the `proof` tests the second evaluator. A machine that cannot build it skips its test, with the reason
 * printed here; in CI only a missing Go may do that, a failed build fails.
 */
import type { TestProject } from 'vitest/node';
import { CannotBuild } from '../control-plane/go.ts';
import { minimumGo, secondEvaluatorProgram } from './build.ts';

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
  const why = error.reason === 'NoGo' ? `there is no Go ${minimumGo} or newer on PATH: install it from https://go.dev/dl` : error.message;
  process.stderr.write(`The tests with the second evaluator are skipped: ${why}\n`);
  return '';
}
