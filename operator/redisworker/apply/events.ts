/** Says what an action did, for events and logs. Never a value of a Secret. */
import type { Action } from '../model/action.ts';
import type { EventReason } from '../model/reasons.ts';

/** The reason of the event that tells an action. */
const reasons = {
  setFinalizers: 'Finalized',
  applyObject: 'Applied',
  scaleToZero: 'Scaled',
  deleteObject: 'Deleted',
  writeConfigHash: 'ConfigHashWritten',
  setRedisUser: 'RedisUserWritten',
  deleteRedisUser: 'RedisUserDeleted',
  clearStalePid: 'StalePidCleared',
  deleteConfigHash: 'ConfigHashDeleted',
  releaseConfigHash: 'ConfigHashReleased',
} as const satisfies Record<Exclude<Action['do'], 'changeWork'>, EventReason>;

/** What was carried out in one look, as events: one for all actions of a reason that were called for by the same cause. */
export function eventsOf(actions: readonly Action[]): { reason: EventReason; message: string }[] {
  const alike = Map.groupBy(actions, (action) => `${reasonOf(action)} ${sortOf(action)} ${action.why}`);
  return [...alike.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : {
      reason: reasonOf(first),
      message: `${more.length === 0 ? describe(first) : describeAll(first, more.length + 1)} (${first.why})`,
    }
  );
}

function reasonOf(action: Action): EventReason {
  return action.do === 'changeWork' ? action.step.reason : reasons[action.do];
}

/** Objects are told apart by kind, new ones from changed ones, and hashes by whose they were. */
function sortOf(action: Action): string {
  if (action.do === 'applyObject') return `${action.exists} ${action.resource.kind}`;
  if (action.do === 'writeConfigHash') return changedHands(action);
  return action.do === 'deleteObject' ? action.resource.kind : '';
}

/** The sentence of `count` actions that were carried out for the same reason; `first` is one of them. */
function describeAll(first: Action, count: number): string {
  switch (first.do) {
    case 'applyObject':
      return `${first.exists ? 'Updated' : 'Created'} ${count} objects of kind ${first.resource.kind}`;
    case 'scaleToZero':
      return `Scaled ${count} Deployments to zero`;
    case 'deleteObject':
      return `Deleted ${count} objects of kind ${first.resource.kind}`;
    case 'writeConfigHash':
      return `Wrote ${count} config hashes${changedHands(first)}`;
    case 'clearStalePid':
      return `Cleared the pids of processes of ${count} consumers that are gone`;
    case 'deleteConfigHash':
      return `Deleted ${count} config hashes`;
    case 'releaseConfigHash':
      return `Left ${count} config hashes in Redis`;
    case 'setFinalizers':
    case 'setRedisUser':
    case 'deleteRedisUser':
    case 'changeWork':
      return `${describe(first)}, and ${count - 1} more`;
  }
}

/** The sentence of an action that was carried out. */
export function describe(action: Action): string {
  switch (action.do) {
    case 'setFinalizers':
      return action.why === 'FinalizerMissing' ? 'Keeps the worker until Redis is cleaned up' : 'Cleaned up';
    case 'applyObject':
      return `${action.exists ? 'Updated' : 'Created'} ${action.resource.kind} ${action.object.metadata.name}`;
    case 'scaleToZero':
      return `Scaled Deployment ${action.ref.name} to zero`;
    case 'deleteObject':
      return `Deleted ${action.resource.kind} ${action.ref.name}`;
    case 'writeConfigHash':
      return `Wrote the config hash of consumer ${action.consumerId}${changedHands(action)}`;
    case 'clearStalePid':
      return `Cleared the pid of a process of consumer ${action.consumerId} that is gone`;
    case 'setRedisUser':
      return `Wrote the Redis user ${action.user}`;
    case 'deleteRedisUser':
      return `Deleted the Redis user ${action.user}`;
    case 'deleteConfigHash':
      return `Deleted the config hash of consumer ${action.consumerId}`;
    case 'releaseConfigHash':
      return `Left the config hash of consumer ${action.consumerId} in Redis`;
    case 'changeWork':
      return action.step.message;
  }
}

/** What a hash that somebody else wrote has lost; names of fields, never their values. */
function changedHands({ replaces, removes }: Extract<Action, { do: 'writeConfigHash' }>): string {
  const from = replaces === undefined ? '' : ', which was left behind by an earlier worker of this name';
  return removes.length === 0 ? from : `${from}, without the fields ${removes.join(', ')} that were in it`;
}
