/** The words of each condition. Reasons are an API: docs/conditions.md lists them. */
import type { UndatedCondition } from './dated.ts';
import type { ConsumerRow } from './consumer-rows.ts';
import type { Desired } from '../desired/index.ts';
import { nameOf } from '../../redis/target.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import type { Plan } from '../plan/plan.ts';
import { canaryFailure, progressOf } from './progress.ts';

/** A worker whose spec has to change before anything goes on: final, so never together with Reconciling. */
export function stalledConditions(problems: readonly Problem[]): UndatedCondition[] {
  const first = problems[0];
  if (!first) return [];
  const message = problems.map((problem) => problem.message).join('; ');
  return [
    { type: 'Ready', status: 'False', reason: first.reason, message },
    { type: 'Stalled', status: 'True', reason: first.reason, message },
  ];
}

/** Ready, and Reconciling as long as there is something to do or to wait for. */
export function readyConditions(
  observed: Observed,
  spec: ObservedSpec,
  plan: Plan,
  failure: Problem | undefined,
  rows: readonly ConsumerRow[],
): UndatedCondition[] {
  const isSuspended = spec.blueprint.suspend && observed.object.metadata.deletionTimestamp === undefined;
  // It takes nothing else to be well: what is missing for a start is told where one is wanted.
  if (isSuspended && !failure && rows.every(({ row }) => row.pod === undefined)) return suspended(plan);
  const blocked = obstacle(observed, spec, plan, failure);
  if (blocked) return notReady(blocked.reason, blocked.message);
  if (isSuspended) return draining(rows);
  const wanted = rows.filter(({ isWanted }) => isWanted);
  const unready = wanted.filter(({ row }) => row.state !== 'Ready');
  const failed = canaryFailure(plan);
  if (failed !== undefined) {
    return [
      { type: 'Ready', status: 'False', reason: 'CanaryFailed', message: failed },
      { type: 'Stalled', status: 'True', reason: 'CanaryFailed', message: failed },
    ];
  }
  if (unready.length > 0) return unreadyConditions(plan, spec.blueprint, unready, wanted);
  return [ready(wanted.length, plan), ...underWay(plan)];
}

function ready(count: number, { scale }: Plan): UndatedCondition {
  if (count === 0 && scale !== undefined) {
    const message = 'nothing is to be done: the next request starts a consumer';
    return { type: 'Ready', status: 'True', reason: 'ScaledToZero', message };
  }
  return { type: 'Ready', status: 'True', reason: 'ConsumersReady', message: readiness(count) };
}

function readiness(count: number): string {
  if (count === 0) return 'no consumers are wanted';
  return count === 1 ? 'the one consumer is ready' : `all ${count} consumers are ready`;
}

/** What is still to be done although every wanted consumer works: consumers that leave, children to repair. */
function underWay({ actions, waitingFor }: Plan): UndatedCondition[] {
  if (waitingFor.length > 0) return [reconciling('Waiting', `waiting for ${waitingFor.join(', ')}`)];
  return actions.length > 0 ? [reconciling('Applying', 'changes are being applied')] : [];
}

/** Whether the worker's Redis answers, with its own class of fault when not. */
export function redisCondition({ access, redis }: ObservedSpec): UndatedCondition {
  if (!access.ok) {
    return { type: 'RedisReachable', status: 'False', reason: access.problem.reason, message: access.problem.message };
  }
  const { target, login } = access.value;
  return redis.kind === 'fault'
    ? { type: 'RedisReachable', status: 'False', reason: redis.reason, message: redis.message }
    : {
      type: 'RedisReachable',
      status: 'True',
      reason: 'Answered',
      message: `${nameOf(target)} answers${login.kind === 'shared' ? sharing(login.why) : ''}`,
    };
}

function sharing(why: string): string {
  return `; this worker shares the operator's own login there, because that server ${why}`;
}

/** Whether the source is at hand, and what else is code. */
export function sourceCondition({ source, texts, blueprint: { work } }: ObservedSpec): UndatedCondition {
  const unread = texts?.ok === false ? texts.problem : undefined;
  const problem = source.ok ? unread ?? source.value.behind : source.problem;
  if (problem !== undefined) {
    const status = problem.reason === 'SourceResolving' ? 'Unknown' : 'False';
    return { type: 'SourceResolved', status, reason: problem.reason, message: problem.message };
  }
  return {
    type: 'SourceResolved',
    status: 'True',
    reason: 'Resolved',
    message: work.resolved ?? (source.ok ? `${source.value.bytes} bytes, ${source.value.digest}` : ''),
  };
}

/** Whether the NetworkPolicy says exactly what the scope says. */
export function exactConditions({ blueprint }: ObservedSpec, desired: Desired | undefined): UndatedCondition[] {
  if (!desired) return [];
  const { approximations } = desired.policy;
  const more = alsoSelected(blueprint.pod.labels ?? {});
  if (blueprint.allowAllNet) {
    return [{
      type: 'NetworkPolicyExact',
      status: 'True',
      reason: 'AllGranted',
      message: 'permissions.allowAllNet is Granted: nothing is closed',
    }];
  }
  if (approximations.length === 0) {
    return [{
      type: 'NetworkPolicyExact',
      status: 'True',
      reason: 'Exact',
      message: `the policy opens exactly the scope${more}`,
    }];
  }
  const message = `${approximations.map(({ entry, reason }) => `${entry}: ${reason}`).join('; ')}${more}`;
  const [by, ...others] = new Set(approximations.map((one) => one.by));
  return [{
    type: 'NetworkPolicyExact',
    status: 'False',
    reason: others.length === 0 && by !== undefined ? by : 'Approximated',
    message,
  }];
}

/** Policies add up, and nobody can tell which others select the pods by labels of the user's own. */
function alsoSelected(labels: Readonly<Record<string, string>>): string {
  const keys = Object.keys(labels).sort();
  return keys.length === 0
    ? ''
    : `; this is about the worker's own policy: others, and Services, may select the pods by pod.labels (${
      keys.join(', ')
    })`;
}

function obstacle(
  observed: Observed,
  { access, redis, source, secret }: ObservedSpec,
  { problems }: Plan,
  failure: Problem | undefined,
): { reason: Reason; message: string } | undefined {
  if (observed.object.metadata.deletionTimestamp !== undefined && !failure && redis.kind === 'answered') {
    return { reason: 'Deleting', message: 'the worker is being deleted' };
  }
  if (redis.kind === 'fault' && access.ok) {
    return { reason: redis.reason, message: `${redis.message.replace(/\.$/, '')}; running pods are left as they are` };
  }
  const unresolved = [access, source, secret].find(({ ok }) => !ok);
  if (unresolved && !unresolved.ok) return unresolved.problem;
  return problems[0] ?? failure;
}

function notReady(reason: Reason, message: string): UndatedCondition[] {
  return [{ type: 'Ready', status: 'False', reason, message }, reconciling(reason, message)];
}

function reconciling(reason: Reason, message: string): UndatedCondition {
  return { type: 'Reconciling', status: 'True', reason, message };
}

function suspended(plan: Plan): UndatedCondition[] {
  const message = 'the worker is suspended: no consumer runs';
  return [{ type: 'Ready', status: 'True', reason: 'Suspended', message }, ...underWay(plan)];
}

function draining(rows: readonly ConsumerRow[]): UndatedCondition[] {
  const running = rows.filter(({ row }) => row.pod !== undefined).length;
  return notReady(
    'Draining',
    `${
      running === 1 ? 'one consumer finishes its' : `${running} consumers finish their`
    } work before the worker is suspended`,
  );
}

/**
 * Final where nothing but another module helps, and once a Deployment has given up: whoever waits for the worker, such
 * as a GitOps controller, need not any more.
 */
function unreadyConditions(
  plan: Plan,
  blueprint: Blueprint,
  unready: readonly ConsumerRow[],
  wanted: readonly ConsumerRow[],
): UndatedCondition[] {
  const [reason, message] = [reasonOf(unready, plan), describeRows(unready, wanted)];
  const final = finalReason(unready);
  if (!final) {
    const progress = progressOf(plan, blueprint, unready, wanted);
    return [{ type: 'Ready', status: 'False', reason, message }, reconciling(reason, progress ?? message)];
  }
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason: final.reason, message: `${final.why}: ${message}` },
  ];
}

function finalReason(unready: readonly ConsumerRow[]): { reason: Reason; why: string } | undefined {
  if (unready.some(({ needsSource }) => needsSource)) {
    return { reason: 'InvalidSource', why: 'the module of spec.source has to be corrected' };
  }
  return unready.some(({ isGivenUp }) => isGivenUp)
    ? { reason: 'ProgressDeadlineExceeded', why: 'that takes longer than a Deployment waits, which is ten minutes' }
    : undefined;
}

function reasonOf(unready: readonly ConsumerRow[], { rollout }: Plan): Reason {
  if (unready.some(({ row }) => row.state === 'Failing')) return 'ConsumersFailing';
  if (rollout?.canary?.verdict === 'Running') return 'CanaryRunning';
  return unready.some(({ row }) => row.state === 'Updating') ? 'ConsumersUpdating' : 'ConsumersStarting';
}

/** Rows told by name in a message, and the order of their states: what is worst comes first. */
const namedRows = 3;
const worstFirst = ['Failing', 'Pending', 'Starting', 'Draining', 'Updating'];

function describeRows(unready: readonly ConsumerRow[], wanted: readonly ConsumerRow[]): string {
  const rank = ({ row }: ConsumerRow) => worstFirst.indexOf(row.state);
  const held = unready.filter(({ isHeld }) => isHeld).length;
  const told = unready.filter(({ isHeld }) => !isHeld).sort((a, b) => rank(a) - rank(b));
  const parts = [
    howMany(unready, wanted),
    ...told.slice(0, namedRows).map(({ row, fault }) => `consumer "${row.id}" ${fault ?? row.reason ?? row.state}`),
    ...(told.length > namedRows ? ['…'] : []),
    ...(held > 0 ? [`the other ${held === 1 ? 'one keeps' : `${held} keep`} the code that worked`] : []),
  ];
  return parts.join('; ');
}

function howMany(unready: readonly ConsumerRow[], wanted: readonly ConsumerRow[]): string {
  const [all, upToDate] = [wanted.length, wanted.length - unready.length];
  const serving = wanted.filter(({ isServing }) => isServing).length;
  return serving === upToDate
    ? `${upToDate} of ${all} consumers are ready`
    : `${serving} of ${all} consumers are ready, ${upToDate} with what is asked for now`;
}
