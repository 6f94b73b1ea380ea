import { brokerProxy } from 'redisworker/broker/worker';
import type * as Visits from './visits.ts';

const visits = brokerProxy().workerProxy<typeof Visits>('./visits.ts');
let greeted = 0;

/** Keeps what it knows in its own process: each segregation id has one. */
export async function greet(name: string): Promise<string> {
  greeted++;
  return `Hello ${name}, greeting ${greeted}, visit ${await visits.count()}`;
}

/** What no broker waits for longer than it says. */
export function forever(): void {
  for (;;);
}
