/** What the tests of the broker share. */
import { WorkerBroker } from '../mod.ts';
import type { Isolation, ModuleSettings, WorkerBrokerOptions } from '../types.ts';

export const isolations: readonly Isolation[] = ['Worker', 'Process'];

/** A module of the tests. */
export const moduleUrl = (name: string): URL => new URL(`./modules/${name}.ts`, import.meta.url);

/** What a module of the tests imports lies below here. */
const sources = new URL('../', import.meta.url);

/** What modules get by default where they would get nothing. */
export function settingsFor(isolation: Isolation): ModuleSettings {
  return isolation === 'Worker'
    ? { isolation }
    : { isolation, permissions: { read: [sources] }, mayCall: () => true, graceMs: 300 };
}

export function brokerFor(isolation: Isolation, options: WorkerBrokerOptions = {}): WorkerBroker {
  return new WorkerBroker({ ...settingsFor(isolation), ...options });
}

/** A test for each isolation; what a worker or a process ends with goes on after the test. */
export function testEach(name: string, run: (isolation: Isolation) => Promise<void>): void {
  for (const isolation of isolations) {
    Deno.test({
      name: `${name} (${isolation})`,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => run(isolation),
    });
  }
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol();
  const outcome = await promise.then(() => nothing, (error: unknown) => ({ error }));
  if (typeof outcome === 'symbol') throw new Error('it did not reject');
  return (outcome as { error: unknown }).error;
}

/** As in the full run. */
export const isLong = (Deno.env.get('REDISWORKER_LONG') ?? '') !== '';
