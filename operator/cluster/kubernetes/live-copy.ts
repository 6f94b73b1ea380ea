/** A live copy of a kind, kept up to date by a watch. */
import type { Followed, FollowOptions, Resource } from '../cluster.ts';
import { openCopy } from './open-copy.ts';
import { type WatchContext, watchForever } from './watch.ts';

/** Starts following at once and goes on until stopped. */
export function follow(
  context: WatchContext,
  resource: Resource,
  options: FollowOptions,
  onStop: () => void,
): Followed {
  const { followed, copied, stopped } = openCopy(resource, context.log, onStop);
  void watchForever(context, resource, options, copied, stopped);
  return followed;
}
