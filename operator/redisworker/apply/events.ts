/** Says what an action did, for events and logs. Never a value of a Secret. */
import type { Action } from '../model/action.ts';

/** Event reasons: one word in the past, as `kubectl describe` shows it for every controller. */
const reasons = {
  setFinalizers: 'Finalized',
  applyObject: 'Applied',
  scaleToZero: 'Scaled',
  deleteObject: 'Deleted',
  writeConfigHash: 'ConfigHashWritten',
  clearStalePid: 'StalePidCleared',
  deleteConfigHash: 'ConfigHashDeleted',
  releaseConfigHash: 'ConfigHashReleased',
} as const satisfies Record<Exclude<Action['do'], 'changeWork'>, string>;

/** The event of an action that was carried out; why it was called for is in the message. */
export function eventOf(action: Action): { reason: string; message: string } {
  const reason = action.do === 'changeWork' ? action.step.reason : reasons[action.do];
  return { reason, message: `${describe(action)} (${action.why})` };
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
  const from = replaces === undefined ? '' : `, which was left behind by ${replaces}`;
  return removes.length === 0 ? from : `${from}, without the fields ${removes.join(', ')} that were in it`;
}
