/** Finds the running pods of the operator: one that serves a namespace, those that serve the page. Pure but for the question. */
import { z } from 'zod';
import { ClusterError, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import type { KubernetesCluster } from '../operator/cluster/kubernetes/index.ts';
import { parseListenAddress } from '../contract/host-port.ts';
import { tlsFlags } from '../operator/default-redis-tls.ts';
import { pageFlag } from '../operator/page-settings.ts';
import { Failure, messageOf } from './failure.ts';
import type { PodName } from './pod-socket.ts';

/** The pod, and the words its operator was started with that a command beside it needs too. */
export interface OperatorPod extends PodName {
  readonly container: string;
  /** How TLS to the default Redis is checked. */
  readonly tlsWords: readonly string[];
}

const name = 'redis-worker-operator';
const component = { 'app.kubernetes.io/component': 'operator' };

const podSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    containers: z.array(z.object({ name: z.string(), args: z.array(z.string()).default([]) })),
  }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

/**
 * Asks the cluster.
 * @param served the namespace of the workers
 * @param where the operator's namespace; all when absent
 * @throws Failure when there is none, or its pods may not be listed
 */
export async function findOperatorPod(
  cluster: KubernetesCluster,
  served: string,
  where: string | undefined,
): Promise<OperatorPod> {
  const labels = where === undefined ? { ...component, 'app.kubernetes.io/name': name } : component;
  const pods = await cluster.list(resources.pods, { labels, ...(where === undefined ? {} : { namespace: where }) })
    .catch((error: unknown) => {
      throw new Failure(whyNotListed(where, error), 1, { cause: error });
    });
  const found = chosen(pods, served);
  if (found !== undefined) return found;
  const place = where === undefined ? 'in this cluster' : `in the namespace ${where}`;
  throw new Failure(
    `no pod of an operator that serves the namespace ${served} is ready ${place}: name its namespace with --operator-namespace, or the Redis with --redis`,
  );
}

/** One that serves this namespace alone goes before one that serves all. */
export function chosen(pods: readonly KubeObject[], served: string): OperatorPod | undefined {
  const operators = runningIn(pods).map((one) => ({ ...one, only: valueOf(one.container.args, '--namespace') }));
  const found = operators.find(({ only }) => only === served) ?? operators.find(({ only }) => only === undefined);
  return found && {
    namespace: found.pod.metadata.namespace,
    pod: found.pod.metadata.name,
    container: found.container.name,
    tlsWords: Object.values(tlsFlags).flatMap((flag) => {
      const value = valueOf(found.container.args, flag);
      return value === undefined ? [] : [`${flag}=${value}`];
    }),
  };
}

/** A pod that serves the status page, on this port. */
export interface PagePod extends PodName {
  readonly port: number;
}

/** Asks for those of a namespace, standbys among them. @throws Failure when its pods may not be listed, or none does */
export async function findPagePods(cluster: KubernetesCluster, namespace: string): Promise<readonly PagePod[]> {
  const pods = await cluster.list(resources.pods, { labels: component, namespace }).catch((error: unknown) => {
    throw new Failure(whyNoPage(namespace, error), 1, { cause: error });
  });
  const found = pagePods(pods);
  if (found.length > 0) return found;
  throw new Failure(
    runningIn(pods).length === 0
      ? `no pod of an operator is ready in the namespace ${namespace}: name the one it is in with --operator-namespace`
      : `the operator in the namespace ${namespace} serves no page: set page.enabled=true in the values of its chart`,
  );
}

/** Those whose operator was told to serve it. */
export function pagePods(pods: readonly KubeObject[]): readonly PagePod[] {
  return runningIn(pods).flatMap(({ pod, container }) => {
    const address = parseListenAddress(valueOf(container.args, pageFlag) ?? '');
    return address ? [{ namespace: pod.metadata.namespace, pod: pod.metadata.name, port: address.port }] : [];
  });
}

function runningIn(pods: readonly KubeObject[]) {
  return pods.flatMap((object) => {
    const pod = podSchema.safeParse(object).data;
    const container = pod?.spec.containers.find(({ name }) => name === 'operator');
    const ready = pod?.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    return pod && container && ready ? [{ pod, container }] : [];
  });
}

/** Of `--flag=value` or of `--flag value`. */
function valueOf(args: readonly string[], flag: string): string | undefined {
  const at = args.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  return at < 0 ? undefined : args[at] === flag ? args[at + 1] : args[at]?.slice(flag.length + 1);
}

function whyNotListed(where: string | undefined, error: unknown): string {
  if (!(error instanceof ClusterError) || error.status !== 403) return messageOf(error);
  return where === undefined
    ? 'you may not list the pods of all namespaces, among which the operator is looked for: name its namespace with --operator-namespace, or the Redis with --redis'
    : `you may not list the pods of the namespace ${where}, where the operator is: whoever runs it may; or name the Redis with --redis`;
}

function whyNoPage(namespace: string, error: unknown): string {
  const status = error instanceof ClusterError ? error.status : undefined;
  if (status === 401) return 'the API server does not know who asks: log in again, as for kubectl';
  if (status !== 403) return messageOf(error);
  return `you may not list the pods of the namespace ${namespace}, where the operator is: ask for its Role that ends in -page-viewer`;
}
