/** A namespace of the shared control plane with all a worker needs: a Redis, the operator, a node for its pods. */
import { applyObjects, createNamespace, installCrds, kubectlOk } from './control-plane/shared.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from './operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from './redis.ts';

/** What is running, and how to speak to it. */
export interface Stage {
  readonly namespace: string;
  readonly redis: TestRedis;
  /** kubectl in the namespace; throws when the command fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Applies objects in the namespace. */
  apply(...objects: readonly { readonly metadata: object }[]): Promise<string>;
  /** Ends the operator; the workers are as it left them. @param signal `SIGKILL`: in the middle of whatever it does */
  stopOperator(signal?: 'SIGKILL'): Promise<void>;
  /** Starts it again, and waits until it reconciles. @param more arguments it has from now on, beside those of the stage */
  startOperator(more?: readonly string[]): Promise<OperatorProcess>;
  /** Everything the operator that runs has printed. */
  operatorOutput(): string;
  stop(): Promise<void>;
}

/** What may differ. */
export interface StageOptions {
  /** What makes pods run in the namespace [processes of this machine]. */
  readonly startPods?: (namespace: string) => Promise<{ stop(): Promise<void> }>;
  /** Of the operator. */
  readonly args?: readonly string[];
}

/** Starts everything. @param prefix of the namespace's name */
export async function openStage(
  prefix: string,
  { startPods = startTestNode, args = [] }: StageOptions = {},
): Promise<Stage> {
  await installCrds();
  const namespace = await createNamespace(prefix);
  const redis = await startGuardedRedis();
  let added: readonly string[] = [];
  const startProcess = () =>
    startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace, args: [...args, ...added] });
  const [node, first] = await Promise.all([startPods(namespace), startProcess()]);
  let operator = first;
  return {
    namespace,
    redis,
    kubectl: (...args) => kubectlOk(['-n', namespace, ...args]),
    apply: (...objects) =>
      applyObjects(...objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))),
    async stopOperator(signal) {
      if (signal === undefined) return operator.stop();
      operator.child.kill(signal);
      await operator.ended;
    },
    async startOperator(more = added) {
      added = more;
      return (operator = await startProcess());
    },
    operatorOutput: () => operator.output(),
    async stop() {
      await operator.stop();
      await node.stop();
      await redis.stop();
    },
  };
}
