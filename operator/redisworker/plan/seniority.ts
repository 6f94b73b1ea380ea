/** Which of two workers goes first. Pure. */
import { keyOf, type KubeObject } from '../../cluster/cluster.ts';

/** What a worker has already of what two may want. */
export interface Hold {
  /** The group it takes its requests by says that it is its own. */
  readonly group: boolean;
  /** A config hash says so. */
  readonly hash: boolean;
  /** It has Deployments. */
  readonly deployment: boolean;
}

/** Of a worker that was not looked at. */
export const holdsNothing: Hold = { group: false, hash: false, deployment: false };

/**
 * A text that is less for the older of two. An API server tells the second alone: of two that were made in one, the one
 * that holds what both want goes first, so that none that runs has to make way; where neither does, the uid decides.
 */
export function seniority(
  { creationTimestamp = '', uid = '' }: { creationTimestamp?: string; uid?: string },
  { group, hash, deployment }: Hold = holdsNothing,
): string {
  const rank = [group, hash, deployment].map((holds) => (holds ? '0' : '1')).join('');
  return `${creationTimestamp} ${rank} ${uid}`;
}

/** `namespace/name` of a worker. */
export function nameOf({ metadata: { namespace = 'default', name } }: Pick<KubeObject, 'metadata'>): string {
  return keyOf({ namespace, name });
}
