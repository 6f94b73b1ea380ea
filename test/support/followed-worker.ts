/** A worker on the shared control plane, followed: what its consumers run, and how few were ready at any moment. */
import { inject } from 'vitest';
import type { RedisWorkerStatus } from '../../operator/api/redisworker.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { connectKubernetes } from '../../operator/cluster/kubernetes/index.ts';
import { consumerIdOf, isReady, uidOf } from '../../operator/redisworker/model/children.ts';
import { annotations, digest } from '../../operator/redisworker/model/names.ts';
import { quietLog } from './quiet-log.ts';
import type { Stage } from './stage.ts';
import { eventually } from './wait.ts';

/** How it fared for a while. */
export interface Episode {
  /** Consumers that were ready at the worst moment. */
  readonly fewestReady: number;
  /** The code of every pod that was made, by what {@link FollowedWorker.runs} calls it, in their order. */
  readonly made: readonly string[];
}

/** One worker, whose code are modules that differ in one word. */
export interface FollowedWorker {
  status(): RedisWorkerStatus;
  /** The word of the code each consumer that has a pod runs, by its id. */
  runs(): Record<string, string>;
  /** Ids of the consumers that are ready, and the pods they are ready in. */
  ready(): Record<string, string>;
  /** Waits until the operator has seen the newest generation. */
  isSeen(): Promise<void>;
  /** Waits until it is Ready with the newest generation. */
  isReady(): Promise<void>;
  /** @returns ends it */
  watch(): () => Episode;
  stop(): Promise<void>;
}

/** A module that answers with a word. */
export const answering = (word: string): string => `export default () => '${word}';\n`;

/** Follows the worker `name`, whether there is one or not. @param words of the modules it may run */
export async function followWorker(
  { namespace }: Pick<Stage, 'namespace'>,
  name: string,
  words: readonly string[],
): Promise<FollowedWorker> {
  const cluster = await connectKubernetes({ kubeconfig: inject('kubeconfig'), log: quietLog() });
  const workers = cluster.follow(resources.redisWorkers, { namespace });
  const all = cluster.follow(resources.pods, { namespace });
  await Promise.all([workers.synced, all.synced]);
  const ref = { namespace, name };
  const isOurs = ({ metadata }: KubeObject) => metadata.annotations?.[annotations.worker] === name;
  const pods = () => all.list().filter(isOurs);
  const codes = new Map(words.map((word) => [`sha256-${digest(answering(word))}`, word]));
  const codeOf = ({ metadata }: KubeObject) => codes.get(metadata.annotations?.[annotations.source] ?? '') ?? 'other';
  const status = () => (workers.get(ref)?.status ?? {}) as RedisWorkerStatus;
  const ready = () => pods().filter((pod) => isReady(pod));
  const byId = (some: readonly KubeObject[], value: (pod: KubeObject) => string) =>
    Object.fromEntries(some.map((pod) => [consumerIdOf(pod) ?? '', value(pod)]));

  async function seen(what: string, isSo: () => boolean): Promise<void> {
    const generation = (await cluster.get(resources.redisWorkers, ref))?.metadata.generation;
    await eventually(what, () => status().observedGeneration === generation && isSo(), 120_000)
      .catch((error: unknown) => {
        throw new Error(`${what}: ${JSON.stringify(status())}`, { cause: error });
      });
  }

  return {
    status,
    runs: () => byId(pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined), codeOf),
    ready: () => byId(ready(), uidOf),
    isSeen: () => seen(`the operator sees ${name}`, () => true),
    isReady: () =>
      seen(
        `${name} is Ready`,
        () => status().conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true,
      ),
    watch() {
      let fewestReady = ready().length;
      const made: string[] = [];
      const end = all.onChange((type, pod) => {
        if (!isOurs(pod)) return;
        if (type === 'added') made.push(codeOf(pod));
        fewestReady = Math.min(fewestReady, ready().length);
      });
      return () => {
        end();
        return { fewestReady, made };
      };
    },
    stop: () => cluster.close(),
  };
}
