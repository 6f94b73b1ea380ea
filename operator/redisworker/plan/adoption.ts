/** Whose a config hash is: ours, nobody's, one to be taken over, or somebody else's. Pure. */
import { pidField } from '../../../contract/config-hash.ts';
import type { HashObservation } from '../model/observed.ts';
import type { Parent } from '../model/blueprint.ts';
import type { WorkView } from '../model/work.ts';
import { resourceOfParent } from '../desired/metadata.ts';
import { isForsaken } from './stale-pid.ts';

/** What a write of ours finds, with the value of the field `resource` where it is another one than ours. */
export type Ownership =
  | { readonly kind: 'ours' | 'unowned' }
  | { readonly kind: 'forsaken'; readonly resource: string }
  | { readonly kind: 'foreign'; readonly resource: string; readonly pid: string | undefined };

/**
 * The hash of a worker of the same namespace and name is taken over once no process lives on it: the worker was
 * deleted and made anew, or came back from a backup, and what it was called before has nobody to clean up after it.
 */
export function ownershipOf(parent: Parent, work: WorkView, consumerId: string, hash: HashObservation): Ownership {
  if (typeof hash === 'string') return { kind: 'unowned' };
  const resource = hash['resource'];
  if (resource === undefined || resource === '') return { kind: 'unowned' };
  if (resource === resourceOfParent(parent)) return { kind: 'ours' };
  const sameName = resource.startsWith(resourceOfParent({ ...parent, uid: '' }));
  return sameName && isForsaken(work, consumerId, hash)
    ? { kind: 'forsaken', resource }
    : { kind: 'foreign', resource, pid: hash[pidField] };
}
