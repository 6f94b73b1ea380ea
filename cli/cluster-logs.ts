/** The lines of a worker's pods in a cluster, as the API server gives them. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type KubeObject, resources } from '../operator/cluster/cluster.ts';
import type { ClusterConfig } from '../operator/cluster/kubernetes/credentials.ts';
import type { KubernetesCluster } from '../operator/cluster/kubernetes/index.ts';
import { labels } from '../operator/redisworker/model/names.ts';
import { connect, readAccess } from './cluster-access.ts';
import { fail, Failure, messageOf } from './failure.ts';
import type { LogsOptions } from './logs-options.ts';
import { isNamed } from './worker-type.ts';

/** How often new pods are looked for. */
const lookEveryMs = 2000;

type Print = (pod: string, line: string) => void;

/** @throws Failure when there is no such worker, or its pods may not be read */
export async function clusterLogs(options: LogsOptions, print: Print, stop: Promise<void>): Promise<void> {
  const config = await readAccess(options);
  const cluster = await connect(options);
  const ended = new AbortController();
  void stop.then(() => ended.abort());
  try {
    const chosen = options.namespace ?? cluster.ownNamespace ?? 'default';
    await tellPods(cluster, config, { ...options, namespace: chosen }, print, ended.signal);
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  } finally {
    ended.abort();
    await cluster.close();
  }
}

async function tellPods(
  cluster: KubernetesCluster,
  config: ClusterConfig,
  { name, namespace, consumer, follow }: LogsOptions & { readonly namespace: string },
  print: Print,
  stop: AbortSignal,
): Promise<void> {
  const workers = await cluster.list(resources.redisWorkers, { namespace }).catch(fail);
  const worker = workers.find((one) => isNamed(one, name))?.metadata.name;
  if (worker === undefined) {
    const known = workers.map(({ metadata }) => metadata.name).join(', ') || 'none';
    throw new Failure(`there is no worker "${name}" in the namespace ${namespace}; it has: ${known}`);
  }
  const wanted = { [labels.worker]: worker, ...(consumer === undefined ? {} : { [labels.consumer]: consumer }) };
  const begun = new Map<string, Promise<void>>();
  for (;;) {
    const pods = await cluster.list(resources.pods, { namespace, labels: wanted }).catch(fail);
    if (!follow && pods.length === 0) {
      throw new Failure(`the worker ${worker} of the namespace ${namespace} has no pod`);
    }
    for (const pod of pods.filter(({ metadata }) => !begun.has(metadata.name))) {
      if (follow && !isStarted(pod)) continue; // the next look takes it
      begun.set(pod.metadata.name, tellPod(config, pod, follow, print, stop));
    }
    if (!follow) {
      await Promise.all(begun.values());
      return;
    }
    await Promise.race([delay(lookEveryMs, undefined, { signal: stop }), ...unended(begun)]);
  }
}

/** What a pod ends with is no reason to look again at once; that it fails ends the command. */
function unended(begun: ReadonlyMap<string, Promise<void>>): readonly Promise<never>[] {
  return [...begun.values()].map((telling) => telling.then(() => new Promise<never>(() => undefined)));
}

function isStarted({ status }: KubeObject): boolean {
  return (status as { readonly phase?: string } | undefined)?.phase !== 'Pending';
}

async function tellPod(
  config: ClusterConfig,
  { metadata: { name, namespace = 'default' } }: KubeObject,
  follow: boolean,
  print: Print,
  stop: AbortSignal,
): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`;
  const answer = await get(config, `${path}?follow=${String(follow)}`, stop);
  if (answer.statusCode !== 200) {
    const said: string[] = [];
    for await (const line of createInterface({ input: answer })) said.push(line);
    throw new Failure(
      `the log of the pod ${name} cannot be read: ${messageIn(said.join('')) ?? `status ${answer.statusCode ?? 0}`}`,
    );
  }
  for await (const line of createInterface({ input: answer })) print(name, line);
}

function messageIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { readonly message?: string }).message;
  } catch {
    return undefined;
  }
}

async function get(config: ClusterConfig, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { tls, headers } = await config.credentials();
  const url = `${config.server}${path}`;
  const open = url.startsWith('http:') ? httpRequest : httpsRequest;
  return await new Promise((resolve, reject) => {
    const call = open(url, { ...tls, agent: false, headers, signal });
    call.once('response', resolve);
    call.once(
      'error',
      (error) =>
        reject(
          signal.aborted
            ? error
            : new Failure(`no answer from the API server at ${config.server}: ${messageOf(error)}`),
        ),
    );
    call.end();
  });
}
