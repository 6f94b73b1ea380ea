/** A control plane of a test's own with nodes of kwok, a Redis, and operators that look after all namespaces. */
import { type OperatorProcess, startOperatorProcess } from '../operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../redis.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type Kwok, startKwok } from './kwok.ts';

const crds = new URL('../../../crds', import.meta.url).pathname;
/** For a machine that does much else. */
const stopMs = 20_000;

/** All of it; the operators that were started end with it. */
export interface KwokWorld {
  readonly cluster: ControlPlane;
  readonly kwok: Kwok;
  readonly redis: TestRedis;
  /** stdout of a kubectl command that has to succeed. @throws Error with its stderr */
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<string>;
  apply(...items: object[]): Promise<string>;
  /** @param how for one that is to stand by: it is not waited for */
  startOperator(how?: { readonly args?: readonly string[]; readonly awaitReady?: boolean }): Promise<OperatorProcess>;
  stop(): Promise<void>;
}

/** Starts it without an operator. @throws CannotBuild on a machine without Go */
export async function startKwokWorld(): Promise<KwokWorld> {
  const [cluster, redis] = await Promise.all([startControlPlane(), startGuardedRedis()]);
  const operators: OperatorProcess[] = [];
  const kubectl = async (args: readonly string[], stdin?: string): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  };
  await kubectl(['apply', '--server-side', '-f', crds]);
  const kwok = await startKwok(cluster);
  return {
    cluster,
    kwok,
    redis,
    kubectl,
    apply: (...items) =>
      kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items })),
    async startOperator(how) {
      const place = { redisUrl: redis.url, redisPassword, namespace: 'default', everywhere: true, cluster };
      const operator = await startOperatorProcess({ ...place, ...how });
      operators.push(operator);
      return operator;
    },
    async stop() {
      await Promise.all(operators.map((operator) => operator.stop(stopMs)));
      await kwok.stop();
      await Promise.all([cluster.stop(), redis.stop()]);
    },
  };
}

/** The object in that namespace. */
export const inNamespace = (namespace: string) => <T extends { metadata: object }>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, namespace },
});
