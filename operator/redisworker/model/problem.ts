/** What keeps a worker from running, in words a condition can carry. */
import { sessionOfUid } from '../../local-uid.ts';
import type { Reason } from './reasons.ts';

/** A named fault with one sentence that says what, where, and the fix. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
  /** True when only another spec can help: the worker is stalled. False: something else has to appear. */
  readonly terminal: boolean;
}

/** A value that had to be looked up, or why it could not be. */
export type Resolved<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

/** A fault of the spec itself. */
export function terminal(reason: Reason, message: string): Problem {
  return { reason, message, terminal: true };
}

/** Something outside the spec is missing; its arrival starts the next reconcile. */
export function missing(reason: Reason, message: string): Problem {
  return { reason, message, terminal: false };
}

/**
 * A hash that names another manifest.
 * @param owner undefined where what the server says is not repeated
 * @param pid of the process that holds it
 */
export function hashConflict(key: string, owner: string | undefined, pid?: string): string {
  if (owner === undefined) {
    return `config hash "${key}" belongs to another manifest, which its field "resource" names: delete that worker, or delete the hash if it is left over`;
  }
  const process = pid === undefined ? '' : ` and holds the pid of a process (${pid})`;
  const session = sessionOfUid(owner.slice(owner.lastIndexOf('/') + 1));
  const fix = session === undefined
    ? 'delete that worker, or delete the hash if it is left over'
    : `it is of the session "${session}" of "redisworker up": stop that one, start this one with --name ${session} in its place, or delete the hash if it is left over`;
  return `config hash "${key}" belongs to ${owner}${process}: ${fix}`;
}

/** A key of another type where a config hash should be. */
export function notAHash(key: string): string {
  return `key "${key}" is not a hash: delete it, or choose another consumer id`;
}

/** A key of another type where a stream should be. @param field where to name another */
export function notAStream(key: string, field: string): string {
  return `key "${key}" is not a stream: delete it, or name another in ${field}`;
}

/** What to do where the kind CiliumNetworkPolicy does not exist. */
export const ciliumNotInstalled =
  'spec.networkPolicy.flavor is Cilium and the cluster does not serve cilium.io/v2 CiliumNetworkPolicy: install Cilium, or use flavor Kubernetes';
