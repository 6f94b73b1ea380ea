/** A worker whose plans are carried out as they are made: for tests of what a rollout comes to, look after look. */
import { configHashKey } from '../../contract/keys.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { readStatus } from '../../operator/api/redisworker.ts';
import { noLatency } from '../../operator/redis/latency.ts';
import { emptyTally, type ResponseTally } from '../../operator/redis/response-tally.ts';
import { consumerIdOf, isReady } from '../../operator/redisworker/model/children.ts';
import type { Observed } from '../../operator/redisworker/model/observed.ts';
import { planOf } from '../../operator/redisworker/plan/index.ts';
import type { Plan } from '../../operator/redisworker/plan/plan.ts';
import { statusOf } from '../../operator/redisworker/status/index.ts';
import { observed } from './observed.ts';
import { settled, stored } from './plans.ts';
import { type PodChange, podOf } from './pods.ts';

/** A pod that has not become ready, and one whose process ends again and again. */
export const startingPod: PodChange = {
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
};
export const crashingPod: PodChange = {
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [{
      name: 'worker',
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, message: 'redisworker: no table' } },
    }],
  },
};

export class RolloutWorld {
  now = Date.parse('2030-01-01T00:00:00Z');
  responses: ResponseTally = emptyTally;
  object: KubeObject;
  readonly deployments = new Map<string, KubeObject>();
  readonly pods = new Map<string, KubeObject>();
  readonly hashes = new Map<string, Record<string, string>>();
  #others: Pick<Observed['children'], 'configMaps' | 'networkPolicies' | 'runtimeSecret'>;

  /** A worker at rest: all consumers are ready, and the status is written. */
  constructor(object: KubeObject) {
    const quiet = settled(object);
    this.object = quiet.object;
    this.#others = quiet.children;
    for (const one of quiet.children.deployments) this.deployments.set(consumerIdOf(one)!, one);
    for (const [id, one] of this.deployments) this.pods.set(id, podOf(one));
    if (quiet.spec?.redis.kind !== 'answered') throw new Error('Redis has not answered');
    for (const [key, hash] of quiet.spec.redis.hashes) if (typeof hash === 'object') this.hashes.set(key, { ...hash });
    this.look();
  }

  /** `kubectl apply`. */
  apply(object: KubeObject): void {
    const { generation = 1 } = this.object.metadata;
    const { status } = this.object;
    this.object = { ...object, metadata: { ...this.object.metadata, generation: generation + 1 }, status };
  }

  /** One look, and all it leads to. @param until `plan`: the operator ends before the status is written */
  look(until: 'status' | 'plan' = 'status'): Plan {
    const seen = this.seen();
    const plan = planOf(seen);
    for (const action of plan.actions) {
      if (action.do === 'applyObject') this.#write(action.object);
      if (action.do === 'deleteObject') this.#remove(action.ref.name);
      if (action.do === 'writeConfigHash') {
        this.hashes.set(configHashKey('w', action.consumerId), action.fields);
      }
    }
    if (until === 'status') {
      const status = statusOf(seen, plan, undefined, readStatus(this.object));
      this.object = { ...this.object, status: JSON.parse(JSON.stringify(status)) as object };
    }
    return plan;
  }

  /** What the operator sees now. */
  seen(): Observed {
    return {
      ...observed(this.object, {
        children: { ...this.#others, deployments: [...this.deployments.values()], pods: [...this.pods.values()] },
        hashes: Object.fromEntries(this.hashes),
        now: this.now,
      }),
      responses: this.responses,
    };
  }

  /** How the pod of a consumer fares from now on. */
  pod(id: string, change: PodChange = {}): void {
    const deployment = this.deployments.get(id);
    if (deployment) this.pods.set(id, podOf(deployment, change));
  }

  /** Every pod comes up that has not. */
  allReady(): void {
    for (const [id, pod] of this.pods) if (!isReady(pod)) this.pod(id);
  }

  /** A consumer has answered so many requests, and so many of them with a failure. */
  answered(id: string, total: number, failed = 0): void {
    const before = this.responses.perConsumer.get(id);
    const lastTime = new Date(this.now).toISOString();
    const result = {
      total: (before?.total ?? 0) + total,
      failed: (before?.failed ?? 0) + failed,
      lastCode: failed > 0 ? 500 : 200,
      lastTime,
      latency: before?.latency ?? noLatency,
    };
    this.responses = {
      ...this.responses,
      total: this.responses.total + total,
      succeeded: this.responses.succeeded + total - failed,
      failed: this.responses.failed + failed,
      perConsumer: new Map([...this.responses.perConsumer, [id, result]]),
    };
  }

  /** The code each consumer runs, by its text. */
  runs(): Record<string, string> {
    const sourceOf = (one: KubeObject) =>
      (one.spec as { template: { metadata: { annotations: Record<string, string> } } }).template.metadata
        .annotations['redisworker.dev/source-digest'] ?? '';
    return Object.fromEntries([...this.deployments].map(([id, one]) => [id, sourceOf(one)]));
  }

  /** Ids of the consumers that are ready. */
  ready(): string[] {
    return [...this.pods].filter(([, pod]) => isReady(pod)).map(([id]) => id);
  }

  #write(object: KubeObject): void {
    const id = consumerIdOf(object);
    if (object.kind === 'Deployment' && id !== undefined) this.#roll(id, stored(object, `deployment-${id}`));
    if (object.kind === 'ConfigMap') {
      this.#others = {
        ...this.#others,
        configMaps: [...this.#others.configMaps, stored(object, object.metadata.name)],
      };
    }
    if (object.kind === 'NetworkPolicy') {
      const rest = this.#others.networkPolicies.filter(({ metadata }) => metadata.name !== object.metadata.name);
      this.#others = { ...this.#others, networkPolicies: [...rest, stored(object, object.metadata.name)] };
    }
  }

  #remove(name: string): void {
    const isOther = ({ metadata }: KubeObject) => metadata.name !== name;
    const { configMaps, networkPolicies } = this.#others;
    this.#others = {
      ...this.#others,
      configMaps: configMaps.filter(isOther),
      networkPolicies: networkPolicies.filter(isOther),
    };
  }

  #roll(id: string, next: KubeObject): void {
    const templateOf = (one: KubeObject | undefined) =>
      JSON.stringify((one?.spec as { template?: object } | undefined)?.template);
    const { replicas } = next.spec as { replicas: number };
    const isSame = templateOf(this.deployments.get(id)) === templateOf(next);
    this.deployments.set(id, next);
    if (replicas === 0) this.pods.delete(id);
    else if (!isSame || !this.pods.has(id)) this.pod(id, startingPod);
  }
}
