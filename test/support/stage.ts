/** A namespace of the shared control plane with all a worker needs: a Redis, the operator, a node for its pods. */
import { createNamespace, installCrds, kubectlOk } from './control-plane/shared.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from './operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from './redis.ts';

/** What is running, and how to speak to it. */
export interface Stage {
  readonly namespace: string;
  readonly redis: TestRedis;
  /** kubectl in the namespace; throws when the command fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Ends the operator; the workers are as it left them. */
  stopOperator(): Promise<void>;
  /** Starts it again, and waits until it reconciles. */
  startOperator(): Promise<OperatorProcess>;
  stop(): Promise<void>;
}

/** Starts everything. @param prefix of the namespace's name */
export async function openStage(prefix: string): Promise<Stage> {
  await installCrds();
  const namespace = await createNamespace(prefix);
  const redis = await startGuardedRedis();
  const startProcess = () => startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace });
  const [node, first] = await Promise.all([startTestNode(namespace), startProcess()]);
  let operator = first;
  return {
    namespace,
    redis,
    kubectl: (...args) => kubectlOk(['-n', namespace, ...args]),
    stopOperator: () => operator.stop(),
    startOperator: async () => (operator = await startProcess()),
    async stop() {
      await operator.stop();
      await node.stop();
      await redis.stop();
    },
  };
}
