/** What became of the wish to have code resolved again, as the status of a worker tells it. Pure. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { failures, refusals } from '../operator/code/outcome.ts';
import { statusOf, type WorkerStatus } from './worker-status.ts';

/** `asked` before anybody has begun. */
export type CodeNews = { readonly kind: 'asked' | 'underWay' } | {
  readonly kind: 'resolved' | 'failed';
  readonly line: string;
};

const ofResolving: ReadonlySet<string> = new Set([...failures, ...refusals]);

/**
 * @param before the worker as it was when it was asked for
 * @param wasUnderWay it was seen being resolved since then
 */
export function codeNews(
  before: KubeObject,
  now: KubeObject | undefined,
  wish: string,
  wasUnderWay: boolean,
): CodeNews {
  const { name } = before.metadata;
  if (now === undefined) return { kind: 'failed', line: `✗ ${name} was deleted meanwhile` };
  const [then, told] = [statusOf(before), statusOf(now)];
  if (told.source?.resolveRequestedAt === wish) return { kind: 'resolved', line: resolvedLine(name, then, told) };
  const [earlier, condition] = [resolvedIn(then), resolvedIn(told)];
  if (condition?.status === 'Unknown') return { kind: 'underWay' };
  if (condition?.status !== 'False') return { kind: 'asked' };
  const { reason = '', message = '' } = condition;
  // One that follows from the manifest is there before and after; of a resolve it may be that of an earlier wish.
  const isNew = wasUnderWay || !ofResolving.has(reason) || JSON.stringify(condition) !== JSON.stringify(earlier);
  if (!isNew) return { kind: 'asked' };
  const goesOn = told.source === undefined ? '' : '; what was resolved before goes on';
  return { kind: 'failed', line: `✗ ${name}: ${reason}: ${message}${goesOn}` };
}

function resolvedIn({ conditions = [] }: WorkerStatus) {
  return conditions.find(({ type }) => type === 'SourceResolved');
}

function resolvedLine(name: string, { source: then }: WorkerStatus, { source: now }: WorkerStatus): string {
  const commit = changed('commit', then?.commit, now?.commit);
  if (then?.digest === now?.digest) return `✓ ${name} has the code it had: ${now?.digest ?? ''}${commit}`;
  return `✓ ${name} has other code${changed('digest', then?.digest, now?.digest)}${commit}; it rolls by spec.rollout`;
}

function changed(what: string, then: string | undefined, now: string | undefined): string {
  if (now === undefined) return '';
  return then === undefined || then === now ? `, ${what} ${now}` : `, ${what} ${then} became ${now}`;
}
