/**
 * A live copy of one object, kept up to date by asking for it again and again: for kinds whose objects are read one by
 * one. A young copy asks more often, since what was just named is what somebody is about to create or correct.
 */
import { backOffMs } from '../../backoff.ts';
import { pause } from '../../pause.ts';
import { type Followed, type FollowOptions, type KubeObject, type ObjectRef, type Resource } from '../cluster.ts';
import { silenceError } from './faults.ts';
import { absentIfNotFound } from './objects.ts';
import { openCopy } from './open-copy.ts';
import type { WatchContext } from './watch.ts';
import { WatchHealth } from './watch-health.ts';
import { objectPath, parseObject } from './wire.ts';

/** Starts asking at once and goes on until stopped. @throws Error when `options` name no object */
export function followByAsking(
  context: WatchContext,
  resource: Resource,
  options: FollowOptions,
  onStop: () => void,
): Followed {
  const { namespace, name } = options;
  if (name === undefined) throw new Error(`a ${resource.kind} is followed by its name`);
  const ref: ObjectRef = { name, ...(namespace === undefined ? {} : { namespace }) };
  const { followed, copied, stopped } = openCopy(resource, options, context.log, onStop);
  const take = (object: KubeObject | undefined) => copied.replace(object === undefined ? [] : [object]);
  void askForever(context, resource, ref, take, stopped);
  return followed;
}

async function askForever(
  context: WatchContext,
  resource: Resource,
  ref: ObjectRef,
  take: (object: KubeObject | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, http, random, timing } = context;
  const health = new WatchHealth(context, timing.backOff, resource.kind);
  const call = { lane: 'Looks', method: 'GET', path: objectPath(resource, ref) } as const;
  const stopped = (): boolean => signal.aborted;
  for (let asked = 1; !stopped(); asked += 1) {
    let wait = backOffMs(timing.asking, asked, random);
    try {
      const object = await absentIfNotFound(async () => parseObject(await http.call(call)));
      if (stopped()) return;
      take(object);
      health.good();
    } catch (error) {
      if (stopped()) return;
      wait = Math.max(wait, health.bad(silenceError(call, http.server, error)));
    }
    await pause(wait, clock, signal);
  }
}
