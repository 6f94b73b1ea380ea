/** What is written for consumers that keep what they run, or go back to it, while new code is tried by others. Pure. */
import type { ConfigHashFields } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Desired } from '../desired/index.ts';
import { byConsumer, deploymentView } from '../model/children.ts';
import { annotations } from '../model/names.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { asItIs, asSibling, hashAsSibling } from './as-before.ts';
import type { Roll } from './rolls.ts';

/** What they are kept by. */
export interface Keeping {
  readonly observed: Observed;
  readonly spec: ObservedSpec;
  readonly desired: Desired;
  /** Revision all consumers ran before. */
  readonly previous: string | undefined;
}

/** What is to be written for one consumer; what is undefined stays as it is. */
export interface Kept {
  readonly id: string;
  readonly deployment: KubeObject | undefined;
  readonly fields: ConfigHashFields | undefined;
}

/**
 * Those that run new code, and those that are made, get what the others run; these stay, but for the number of their
 * replicas. Where no other is left to go by, and for the last one that is ready, things stay as they are.
 */
export function keptFor(held: readonly Roll[], { observed, spec, desired, previous }: Keeping): readonly Kept[] {
  const actual = byConsumer(observed.children.deployments);
  const own = (id: string) => actual.get(id)?.[0];
  const others = held.filter(({ stage, runsRevision }) => stage !== 'New' && !runsRevision);
  const model = others.find(({ id }) => own(id)?.metadata.annotations?.[annotations.revision] === previous) ??
    others[0];
  const last = others.some(({ isWorking }) => isWorking) ? undefined : held.find(({ isWorking }) => isWorking)?.id;
  return held.map(({ id, stage, runsRevision, isDown }) => {
    const [sibling, wanted] = [model && own(model.id), desired.deployments.get(id)];
    const replicas = wanted ? deploymentView(wanted).replicas : 0;
    if (stage !== 'New' && !runsRevision) return stays(spec, desired, { id, deployment: own(id), isDown, replicas });
    if (!model || !sibling) return { id, deployment: wanted, fields: desired.configHashes.get(id) };
    if (id === last) return { id, deployment: undefined, fields: undefined };
    const fields = hashAsSibling(spec, model.id, id) ?? desired.configHashes.get(id);
    return { id, deployment: asSibling(sibling, id, spec.blueprint, replicas), fields };
  });
}

/** One that runs what it is to run. */
interface Staying {
  readonly id: string;
  readonly deployment: KubeObject | undefined;
  readonly isDown: boolean;
  readonly replicas: number;
}

/** A hash that is gone is made anew from what is asked for now: better than code that is known to fail. */
function stays(
  { redis, blueprint }: ObservedSpec,
  desired: Desired,
  { id, deployment, isDown, replicas }: Staying,
): Kept {
  const key = configHashKey(blueprint.keyPrefix, id);
  const isGone = redis.kind === 'answered' && (redis.hashes.get(key) ?? 'absent') === 'absent';
  return {
    id,
    deployment: deployment && isDown !== (replicas === 0) ? asItIs(deployment, blueprint, replicas) : undefined,
    fields: isGone ? desired.configHashes.get(id) : undefined,
  };
}
