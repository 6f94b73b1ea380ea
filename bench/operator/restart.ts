/** How long a new operator is blind: from its start until it has judged every worker again. */
import { setTimeout as delay } from 'node:timers/promises';
import { scrape, sumOf } from './scrape.ts';
import type { MeasuredOperator, Stage } from './stage.ts';

const pollMs = 100;
const deadlineMs = 300_000;

/** Ends the operator as the kubelet does and starts the next. @returns it, and seconds until it has looked at every worker */
export async function restart(
  stage: Stage,
  operator: MeasuredOperator,
  workers: number,
): Promise<{ readonly operator: MeasuredOperator; readonly seconds: number }> {
  await operator.stop(30_000);
  const begun = performance.now();
  const next = await stage.startOperator();
  for (const end = begun + deadlineMs; performance.now() < end;) {
    await delay(pollMs);
    const samples = await scrape(next.httpUrl);
    const looked = sumOf(samples, 'controller_runtime_reconcile_total');
    if (looked >= workers && sumOf(samples, 'workqueue_depth') === 0) {
      return { operator: next, seconds: (performance.now() - begun) / 1000 };
    }
  }
  throw new Error(`not every worker was judged ${deadlineMs / 1000} s after the restart`);
}
