/** Says what an action did, for events and logs. Never a value of a Secret. */
import type { Action } from '../model/action.ts';

/** Event reasons: one word in the past, as `kubectl describe` shows it for every controller. */
const reasons = {
  setFinalizers: 'Finalized',
  applyObject: 'Applied',
  scaleToZero: 'Scaled',
  deleteObject: 'Deleted',
  ensureGroup: 'GroupCreated',
  writeConfigHash: 'ConfigHashWritten',
  clearStalePid: 'StalePidCleared',
  handOver: 'HandedOver',
  deleteConsumer: 'ConsumerRemoved',
  deleteConfigHash: 'ConfigHashDeleted',
  releaseConfigHash: 'ConfigHashReleased',
  destroyGroup: 'GroupRemoved',
} as const satisfies Record<Action['do'], string>;

/** The event of an action that was carried out; why it was called for is in the message. */
export function eventOf(action: Action): { reason: string; message: string } {
  return { reason: reasons[action.do], message: `${describe(action)} (${action.why})` };
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
    case 'ensureGroup':
      return 'Created the consumer group';
    case 'writeConfigHash':
      return `Wrote the config hash of consumer ${action.consumerId}`;
    case 'clearStalePid':
      return `Cleared the pid of a process of consumer ${action.consumerId} that is gone`;
    case 'handOver':
      return `Handed the pending requests of consumer ${action.from} to consumer ${action.to}`;
    case 'deleteConsumer':
      return `Removed consumer ${action.consumerId} from the group`;
    case 'deleteConfigHash':
      return `Deleted the config hash of consumer ${action.consumerId}`;
    case 'releaseConfigHash':
      return `Left the config hash of consumer ${action.consumerId} in Redis`;
    case 'destroyGroup':
      return 'Removed the consumer group';
  }
}
