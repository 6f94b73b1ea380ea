/** Tests that build on each other: once one has failed, those after it would only wait in vain. */
import { afterEach, beforeEach } from 'vitest';

/** For the top of a `describe`: what follows the first failure is skipped. */
export function inSteps(): void {
  let hasFailed = false;
  beforeEach(({ skip }) => skip(hasFailed, 'a step before it failed'));
  afterEach(({ task }) => {
    hasFailed ||= task.result?.state === 'fail';
  });
}
