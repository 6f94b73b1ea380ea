/** Who is wanted. Pure. */
import { consumerIdOf, deploymentView } from '../model/children.ts';
import { declaredIds } from '../model/consumers.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { Observed } from '../model/observed.ts';
import type { WorkView } from '../model/work.ts';
import { type Scale, scaleOf, type Situation, sleeper } from './scale.ts';

/** The consumers there should be. */
export interface Wanted {
  /** Ids of those that should run, in the order of the spec; unless the worker is suspended. */
  readonly ids: readonly string[];
  /** Ids of those that have a Deployment and a config hash: the wanted ones, or one that sleeps. */
  readonly kept: readonly string[];
  /** How the number was decided, where the operator decides it. */
  readonly scale?: Scale;
}

/** What it is decided from beside the spec. */
export type Around = Pick<Observed, 'now' | 'children' | 'responses' | 'needs'>;

/** Decides. @param work what Redis told; undefined while it tells nothing */
export function wantedOf(blueprint: Blueprint, work: WorkView | undefined, around: Around): Wanted {
  const situation = situationOf(blueprint, work, around);
  if (!situation) {
    const ids = declaredIds(blueprint.consumers);
    return { ids, kept: ids };
  }
  const scale: Scale = blueprint.suspend ? { ids: [], reason: 'Suspended', lookAt: undefined } : scaleOf(situation);
  return { ids: scale.ids, kept: scale.ids.length > 0 ? scale.ids : [sleeper], scale };
}

/** What the number of an autoscaled worker is decided from; undefined for others. */
export function situationOf(
  { consumers: { autoscale } }: Blueprint,
  work: WorkView | undefined,
  { now, children, responses, needs }: Around,
): Situation | undefined {
  if (autoscale === undefined) return undefined;
  const demand = work?.demand;
  const times = [demand?.lastAsked, responses.lastTime === undefined ? undefined : Date.parse(responses.lastTime)];
  const seen = times.filter((time) => time !== undefined);
  return {
    now,
    autoscale,
    running: runningIds(children),
    demand,
    lastActive: seen.length === 0 ? undefined : Math.min(Math.max(...seen), now),
    needs,
  };
}

/** Ids whose Deployment asks for a pod. */
export function runningIds({ deployments }: Observed['children']): readonly string[] {
  return deployments.filter((one) => deploymentView(one).replicas > 0).flatMap((one) => consumerIdOf(one) ?? []);
}
