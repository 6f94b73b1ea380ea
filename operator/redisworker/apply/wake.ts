/** Starts the consumer of a worker that sleeps, as the first thing that is done about a request that came. */
import { ClusterError, type ObjectRef, refOf, resources } from '../../cluster/cluster.ts';
import { uidOf } from '../model/children.ts';
import { deploymentName } from '../model/names.ts';
import { sleeper } from '../plan/scale.ts';
import { mayWake } from '../plan/wake.ts';
import type { World } from '../world.ts';

/** @returns whether it was started; else a whole look decides */
export async function wake(world: World, key: string): Promise<boolean> {
  const { copies, idleStreams } = world.following;
  if (!idleStreams.takeWoken(key) || !world.mayWrite()) return false;
  const ref = refOf(key);
  const worker = copies.workers.get(ref);
  const found: ObjectRef = { ...ref, name: deploymentName(ref.name, sleeper) };
  const deployment = copies.deployments.get(found);
  if (!worker || !deployment || !mayWake(worker, deployment)) return false;
  try {
    const asked = { uid: uidOf(deployment) };
    await world.cluster.patch(resources.deployments, found, { spec: { replicas: 1 } }, asked, 'Urgent');
  } catch (error) {
    if (error instanceof ClusterError) return false; // a look finds out why
    throw error;
  }
  world.log.info({ worker: key, why: 'RequestCame', what: `Scaled Deployment ${found.name} to one` }, 'applied');
  return true;
}
