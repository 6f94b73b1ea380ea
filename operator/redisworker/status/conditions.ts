/** The words of each condition. Reasons are an API: docs/conditions.md lists them. */
import type { Finding } from './dated.ts';
import type { ConsumerRow } from './consumer-rows.ts';
import type { Desired } from '../desired/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { Problem } from '../model/problem.ts';
import type { Plan } from '../plan/plan.ts';

/** A worker whose spec has to change before anything goes on: final, so never together with Reconciling. */
export function stalledFindings(problems: readonly Problem[]): Finding[] {
  const first = problems[0];
  if (!first) return [];
  const message = problems.map((problem) => problem.message).join('; ');
  return [
    { type: 'Ready', status: 'False', reason: first.reason, message },
    { type: 'Stalled', status: 'True', reason: first.reason, message },
  ];
}

/** Ready, and Reconciling as long as there is something to do or to wait for. */
export function readyFindings(
  observed: Observed,
  spec: ObservedSpec,
  plan: Plan,
  failure: Problem | undefined,
  rows: readonly ConsumerRow[],
): Finding[] {
  const blocked = obstacle(observed, spec, plan, failure);
  if (blocked) return notReady(blocked.reason, blocked.message);
  if (spec.blueprint.suspend) return suspended(rows);
  const unready = rows.filter(({ row }) => row.state !== 'Ready');
  const waiting = plan.waitingFor;
  if (unready.length > 0) {
    return notReady(anyFailing(unready) ? 'ConsumersFailing' : 'ConsumersStarting', describeRows(unready, rows.length));
  }
  if (plan.actions.length > 0) return notReady('Applying', 'changes are being applied');
  const count = plan.wanted.length;
  const ready: Finding = {
    type: 'Ready',
    status: 'True',
    reason: 'ConsumersReady',
    message: count === 0 ? 'no consumers are wanted' : `all ${count} consumers are ready`,
  };
  return waiting.length === 0
    ? [ready]
    : [ready, { type: 'Reconciling', status: 'True', reason: 'Waiting', message: `waiting for ${waiting.join(', ')}` }];
}

/** Whether the worker's Redis answers, with its own class of fault when not. */
export function redisFinding({ access, redis }: ObservedSpec): Finding {
  if (!access.ok) {
    return { type: 'RedisReachable', status: 'False', reason: access.problem.reason, message: access.problem.message };
  }
  const { host, port } = access.value.target;
  return redis.kind === 'fault'
    ? { type: 'RedisReachable', status: 'False', reason: redis.reason, message: redis.message }
    : { type: 'RedisReachable', status: 'True', reason: 'Answered', message: `Redis at ${host}:${port} answers` };
}

/** Whether the source is at hand. */
export function sourceFinding({ source }: ObservedSpec): Finding {
  return source.ok
    ? {
      type: 'SourceResolved',
      status: 'True',
      reason: 'Resolved',
      message: `${source.value.bytes} bytes, ${source.value.digest}`,
    }
    : { type: 'SourceResolved', status: 'False', reason: source.problem.reason, message: source.problem.message };
}

/** Whether the NetworkPolicy says exactly what the scope says. */
export function exactFinding({ blueprint }: ObservedSpec, desired: Desired | undefined): Finding[] {
  if (!desired) return [];
  const { approximations } = desired.policy;
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
      message: 'the policy opens exactly the scope',
    }];
  }
  const message = approximations.map(({ entry, reason }) => `${entry}: ${reason}`).join('; ');
  const [by, ...others] = new Set(approximations.map((one) => one.by));
  return [{
    type: 'NetworkPolicyExact',
    status: 'False',
    reason: others.length === 0 && by !== undefined ? by : 'Approximated',
    message,
  }];
}

function obstacle(
  observed: Observed,
  { access, redis, source, secret }: ObservedSpec,
  { problems }: Plan,
  failure: Problem | undefined,
): { reason: string; message: string } | undefined {
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

function notReady(reason: string, message: string): Finding[] {
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Reconciling', status: 'True', reason, message },
  ];
}

function suspended(rows: readonly ConsumerRow[]): Finding[] {
  const running = rows.filter(({ row }) => row.pod !== undefined).length;
  return running === 0
    ? [{ type: 'Ready', status: 'True', reason: 'Suspended', message: 'the worker is suspended: no consumer runs' }]
    : notReady('Draining', `${running} consumers finish their work before the worker is suspended`);
}

function anyFailing(rows: readonly ConsumerRow[]): boolean {
  return rows.some(({ row }) => row.state === 'Failing');
}

/** Rows told by name in a message. */
const namedRows = 3;

function describeRows(unready: readonly ConsumerRow[], all: number): string {
  const failingFirst = [...unready].sort((a, b) =>
    Number(b.row.state === 'Failing') - Number(a.row.state === 'Failing')
  );
  const named = failingFirst.slice(0, namedRows).map(({ row, fault }) =>
    `consumer "${row.id}" ${row.state === 'Failing' ? 'fails: ' : ''}${fault ?? row.reason ?? row.state}`
  );
  return `${all - unready.length} of ${all} consumers are ready; ${named.join('; ')}${
    unready.length > namedRows ? '; …' : ''
  }`;
}
