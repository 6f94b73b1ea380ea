/** Turns Deployments into pods of one node. A cluster has ReplicaSets and a scheduler between; a laptop needs neither. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { keyOf, type KubeObject, refOf, resources } from '../../cluster.ts';
import type { Log } from '../log.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { kindKey, refTo, sameJson } from '../store/objects.ts';
import { type DeploymentSpec, deploymentStatus, planPods, templateHash, templateHashLabel } from './plan.ts';

/** What the controller works on. */
export interface DeploymentsOptions {
  readonly store: ObjectStore;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** @returns a function that ends the controller; pods stay as they are */
export function runDeployments(options: DeploymentsOptions): () => void {
  const { store, log } = options;
  const due = new Set<string>();
  let scheduled: NodeJS.Immediate | undefined;
  const unsubscribe = store.onChange((_type, object) => {
    for (const key of deploymentsTouchedBy(object)) due.add(key);
    if (due.size > 0) scheduled ??= setImmediate(run);
  });
  function run(): void {
    scheduled = undefined;
    const keys = [...due];
    due.clear();
    for (const key of keys) {
      try {
        settle(options, key);
      } catch (error) {
        log.error({ err: error, deployment: key }, 'a Deployment could not be settled');
      }
    }
  }
  return () => {
    unsubscribe();
    clearImmediate(scheduled);
  };
}

function deploymentsTouchedBy(object: KubeObject): string[] {
  if (kindKey(object) === kindKey(resources.deployments)) return [keyOf(refTo(object))];
  if (kindKey(object) !== kindKey(resources.pods)) return [];
  const owners = object.metadata.ownerReferences?.filter(({ kind }) => kind === 'Deployment') ?? [];
  return owners.map(({ name }) => keyOf({ ...refTo(object), name }));
}

/** Brings the pods of one Deployment one step nearer to its spec, and its status up to date. */
function settle(options: DeploymentsOptions, key: string): void {
  const { store, clock } = options;
  const deployment = store.read(resources.deployments, refOf(key));
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
  const plan = planPods(deployment.spec as DeploymentSpec, podsOf(store, deployment));
  for (const pod of plan.remove) store.remove(pod, refTo(pod));
  for (let made = 0; made < plan.create; made += 1) store.write(newPod(options, deployment));
  const now = new Date(clock.now()).toISOString();
  const status = deploymentStatus(deployment, podsOf(store, deployment), now);
  if (!sameJson(status, deployment.status)) store.write({ ...deployment, status });
}

function podsOf(store: ObjectStore, { metadata: { uid } }: KubeObject): readonly KubeObject[] {
  return store.all(resources.pods).filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

function newPod({ nodeName, clock }: DeploymentsOptions, deployment: KubeObject): KubeObject {
  const spec = deployment.spec as DeploymentSpec;
  const { name, namespace, uid = '' } = deployment.metadata;
  const hash = templateHash(spec);
  const { apiVersion, kind } = resources.pods;
  const owner = {
    apiVersion: deployment.apiVersion,
    kind: deployment.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: new Date(clock.now()).toISOString() };
  return {
    apiVersion,
    kind,
    metadata: {
      ...spec.template.metadata,
      name: `${name}-${hash}-${randomBytes(3).toString('hex')}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...spec.template.metadata?.labels, [templateHashLabel]: hash },
      ownerReferences: [owner],
    },
    spec: { ...spec.template.spec, nodeName },
    status: { phase: 'Pending', conditions: [scheduled] },
  };
}
