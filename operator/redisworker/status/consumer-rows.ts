/** One status row per consumer: what its pod does and what it last answered. */
import type { ConsumerStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { quantileMs } from '../../redis/latency.ts';
import type { ConsumerResult } from '../../redis/response-tally.ts';
import { byConsumer, hasGivenUpOn, isReady, templateOf, workerContainerOf } from '../model/children.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { Member } from '../model/work.ts';
import type { Plan } from '../plan/plan.ts';
import { type ConsumerState, stateOf, tellingPod } from './pod-state.ts';
import { bounded, inOneLine } from './text.ts';

/** Rows `kubectl get -o yaml` stays readable with. */
export const maxRows = 100;

/** A row, and what of it the conditions need. */
export interface ConsumerRow {
  readonly row: ConsumerStatus;
  /** The spec asks for it; else it is on its way out. */
  readonly isWanted: boolean;
  /** A pod of it is ready, of this spec or of an earlier one. */
  readonly isServing: boolean;
  /** Its Deployment no longer waits for its pod to become ready. */
  readonly isGivenUp: boolean;
  /** Nothing but another module can make it ready. */
  readonly needsSource: boolean;
  /** It is to keep what it runs for now. */
  readonly isHeld: boolean;
  /** What keeps it from being ready, as the rest of the sentence `consumer "1" …`; undefined when it is. */
  readonly fault: string | undefined;
}

/** A consumer that leaves: how its pod fares meanwhile is nobody's concern. */
const notWanted = { state: 'Draining', reason: 'NotWanted', fault: 'is on its way out' } as const;

/** A longer id was not given by the operator. */
const longestId = 253;

/** What rows are made from, each looked through once. */
interface Found {
  readonly pods: ReadonlyMap<string, readonly KubeObject[]>;
  readonly deployments: ReadonlyMap<string, readonly KubeObject[]>;
  readonly members: ReadonlyMap<string, Member>;
  /** Deployments this generation asks for; none while they cannot be told. */
  readonly wanted: ReadonlyMap<string, KubeObject>;
}

/** Rows for the wanted consumers and for those on their way out. */
export function consumerRows(
  observed: Observed,
  spec: ObservedSpec,
  { wanted, held, desired }: Plan,
): ConsumerRow[] {
  const { pods, deployments } = observed.children;
  const members = spec.redis.kind === 'answered' ? spec.redis.work.members : [];
  const found: Found = {
    pods: byConsumer(pods),
    deployments: byConsumer(deployments),
    members: new Map(members.map((member) => [member.id, member])),
    wanted: desired?.deployments ?? new Map(),
  };
  const ids = new Set(wanted);
  const leaving = [...found.pods.keys()].filter((id) => !ids.has(id) && id.length <= longestId);
  return [...ids, ...leaving].map((id) =>
    consumerRow(observed, found, id, { isWanted: ids.has(id), isHeld: held.has(id) })
  );
}

/** Until a pod of this generation is there, what a Deployment says of its progress may be about the one before. */
function isGivenUp(
  pod: KubeObject | undefined,
  wanted: KubeObject | undefined,
  deployment: KubeObject | undefined,
): boolean {
  return pod !== undefined && wanted !== undefined && templateOf(pod) === templateOf(wanted) &&
    deployment !== undefined && hasGivenUpOn(pod, deployment);
}

/** What a row tells of the responses of a consumer. */
export function resultOf({ total, counted, failed, lastCode, lastTime, latency }: ConsumerResult) {
  const [p50Ms, p99Ms] = [quantileMs(latency, 0.5), quantileMs(latency, 0.99)];
  const times = p50Ms === undefined || p99Ms === undefined ? {} : { p50Ms, p99Ms };
  return { total, ...(counted === undefined ? {} : { counted }), failed, lastCode, lastTime, ...times };
}

function consumerRow(
  { responses }: Observed,
  found: Found,
  id: string,
  { isWanted, isHeld }: Pick<ConsumerRow, 'isWanted' | 'isHeld'>,
): ConsumerRow {
  const pods = found.pods.get(id) ?? [];
  const pod = tellingPod(pods);
  const wanted = found.wanted.get(id);
  const deployment = found.deployments.get(id)?.[0];
  const { state, reason, fault, needsSource = false }: ConsumerState = isWanted
    ? stateOf(pod, wanted && templateOf(wanted), deployment)
    : notWanted;
  const answered = responses.perConsumer.get(id);
  const member = found.members.get(id);
  const row: ConsumerStatus = {
    id,
    state,
    ...(pod ? { pod: pod.metadata.name, restarts: workerContainerOf(pod)?.restartCount ?? 0 } : {}),
    ...(member ? { pending: member.pending } : {}),
    ...(answered ? resultOf(answered) : {}),
    ...(reason ? { reason: bounded(inOneLine(reason), 256) } : {}),
  };
  return {
    row,
    isWanted,
    isServing: pods.some(isReady),
    isGivenUp: isGivenUp(pod, wanted, deployment),
    needsSource,
    isHeld,
    fault,
  };
}
