/**
 * A live copy of one object, kept up to date by asking for it again and again: for kinds whose objects are read one by
 * one. A young copy asks more often, since what was just named is what somebody is about to create or correct.
 */
import { backOffMs } from '../../backoff.ts';
import { pause } from '../../pause.ts';
import {
  type Followed,
  type FollowOptions,
  keyOf,
  type KubeObject,
  type ObjectRef,
  type Resource,
} from '../cluster.ts';
import { silenceError } from './faults.ts';
import { absentIfNotFound } from './objects.ts';
import { openCopy } from './open-copy.ts';
import type { WatchContext } from './watch.ts';
import { WatchHealth } from './watch-health.ts';
import { objectPath, parseObject } from './wire.ts';

/** A copy that also learns from writes of this process: the next question may be half a minute away. */
export interface AskedCopy extends Followed {
  /** Takes in what a write was answered. */
  wrote(object: KubeObject): void;
}

/** Starts asking at once and goes on until stopped. @throws Error when `options` name no object */
export function followByAsking(
  context: WatchContext,
  resource: Resource,
  { namespace, name }: FollowOptions,
  onStop: () => void,
): AskedCopy {
  if (name === undefined) throw new Error(`a ${resource.kind} is followed by its name`);
  const ref: ObjectRef = { name, ...(namespace === undefined ? {} : { namespace }) };
  let writes = 0;
  const { followed, copied, stopped } = openCopy(resource, context.log, onStop);
  void askForever(context, resource, ref, {
    writes: () => writes,
    take: (object) => copied.replace(object === undefined ? [] : [object]),
  }, stopped);
  return {
    ...followed,
    wrote(object) {
      if (object.kind !== resource.kind || keyOf(object.metadata) !== keyOf(ref)) return;
      writes += 1;
      copied.change('MODIFIED', object);
    },
  };
}

/** Where answers go. */
interface Answers {
  /** How often this process wrote the object. */
  writes(): number;
  take(object: KubeObject | undefined): void;
}

async function askForever(
  context: WatchContext,
  resource: Resource,
  ref: ObjectRef,
  answers: Answers,
  signal: AbortSignal,
): Promise<void> {
  const { clock, http, random, timing } = context;
  const health = new WatchHealth(context, timing.backOff, resource.kind);
  const call = { lane: 'Looks', method: 'GET', path: objectPath(resource, ref) } as const;
  const stopped = (): boolean => signal.aborted;
  for (let asked = 1; !stopped(); asked += 1) {
    let wait = backOffMs(timing.asking, asked, random);
    try {
      const before = answers.writes();
      const object = await absentIfNotFound(async () => parseObject(await http.call(call)));
      if (stopped()) return;
      // What we wrote meanwhile is newer than an answer that may not know of it.
      if (answers.writes() === before) answers.take(object);
      health.good();
    } catch (error) {
      if (stopped()) return;
      wait = Math.max(wait, health.bad(silenceError(call, http.server, error)));
    }
    await pause(wait, clock, signal);
  }
}
