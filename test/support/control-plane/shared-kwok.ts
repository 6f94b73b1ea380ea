/** Nodes of kwok on the control plane that all `cluster` tests share. */
import { describe, inject } from 'vitest';
import '../tools/global-setup.ts';
import { type Kwok, type KwokOptions, startKwok } from './kwok.ts';
import { sharedCluster } from './shared.ts';

/** `describe` for tests that need them: skipped, hooks included, when this machine can have no control plane or no kwok. */
export const describeOnKwok = describe.skipIf(
  inject('noControlPlane') !== '' || inject('tools').kwok === undefined,
);

/** Nodes for the pods of these namespaces alone; the pods of other tests are not bound to them. */
export function startKwokFor(
  namespaces: readonly string[],
  options: Omit<KwokOptions, 'namespaces'> = {},
): Promise<Kwok> {
  return startKwok(sharedCluster(), { ...options, namespaces });
}
