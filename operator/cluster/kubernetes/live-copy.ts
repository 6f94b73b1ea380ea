/** A live copy of a kind, kept up to date by a watch, and by what this process writes. */
import type { Followed, FollowOptions, KubeObject, Resource } from '../cluster.ts';
import { openCopy } from './open-copy.ts';
import { type WatchContext, watchForever } from './watch.ts';

/** A copy that need not wait for the watch to learn what this process wrote. */
export interface LiveCopy {
  readonly followed: Followed;
  /** Takes in what a write was answered, of whatever kind it is. */
  wrote(object: KubeObject): void;
}

/** Starts following at once and goes on until stopped. */
export function follow(
  context: WatchContext,
  resource: Resource,
  options: FollowOptions,
  onStop: () => void,
): LiveCopy {
  const { followed, copied, stopped } = openCopy(resource, options, context.log, onStop);
  void watchForever(context, resource, options, copied, stopped);
  return {
    followed,
    wrote(object) {
      if (object.kind === resource.kind && object.apiVersion === resource.apiVersion && selects(options, object)) {
        copied.wrote(object);
      }
    },
  };
}

/** Whether an object is surely among those that are followed. */
function selects({ namespace, name, labels, fieldSelector }: FollowOptions, { metadata }: KubeObject): boolean {
  return fieldSelector === undefined &&
    (namespace === undefined || metadata.namespace === namespace) &&
    (name === undefined || metadata.name === name) &&
    Object.entries(labels ?? {}).every(([key, value]) =>
      value === null ? metadata.labels?.[key] !== undefined : metadata.labels?.[key] === value
    );
}
