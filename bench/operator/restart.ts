/** How long a new operator is blind: from its start until it has judged every worker again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MeasuredOperator, Stage } from './stage.ts';

const pollMs = 20;
const deadlineMs = 300_000;
/** What it logs when it has looked at every worker there was: its metrics name each of them, and asking takes its time. */
const judged = 'every worker has been looked at';

/** Ends the operator as the kubelet does and starts the next. @returns it, and seconds until it has looked at every worker */
export async function restart(
  stage: Stage,
  operator: MeasuredOperator,
): Promise<{ readonly operator: MeasuredOperator; readonly seconds: number }> {
  await operator.stop(30_000);
  const begun = performance.now();
  const next = await stage.startOperator('info');
  for (const end = begun + deadlineMs; performance.now() < end;) {
    if (next.output().includes(judged)) return { operator: next, seconds: (performance.now() - begun) / 1000 };
    await delay(pollMs);
  }
  throw new Error(`not every worker was judged ${deadlineMs / 1000} s after the restart`);
}
