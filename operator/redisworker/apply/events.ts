/** Says what an action did, for events and logs. Never a value of a Secret. */
import type { Action, Why } from '../model/action.ts';
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

/** One event. */
type Told = { readonly reason: EventReason; readonly message: string };

/** What a spec that is new calls for; with one that has been carried out before, somebody else has changed something. */
const askedFor: ReadonlySet<Why> = new Set<Why>([
  'FinalizerMissing',
  'SourceMissing',
  'RuntimeSecretMissing',
  'RuntimeSecretDrifted',
  'RedisUserMissing',
  'RedisUserDrifted',
  'WorkMissing',
  'NetworkPolicyMissing',
  'NetworkPolicyDrifted',
  'ServiceMissing',
  'ServiceDrifted',
  'ConfigHashMissing',
  'ConfigHashStale',
  'DeploymentMissing',
  'DeploymentDrifted',
]);

/**
 * What was carried out in one look, as events: one for all that a new spec calls for, and otherwise one for all actions
 * of a reason that were called for by the same cause.
 * @param isNews the spec has not been carried out before
 */
export function eventsOf(actions: readonly Action[], isNews: boolean): Told[] {
  const asked = isNews ? actions.filter(({ why }) => askedFor.has(why)) : [];
  if (asked.length < 2) return eventsByCause(actions);
  return [
    { reason: reasons.applyObject, message: describeTogether(asked) },
    ...eventsByCause(actions.filter((action) => !asked.includes(action))),
  ];
}

function eventsByCause(actions: readonly Action[]): Told[] {
  const alike = Map.groupBy(actions, (action) => `${reasonOf(action)} ${sortOf(action)} ${action.why}`);
  return [...alike.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : {
      reason: reasonOf(first),
      message: `${more.length === 0 ? describe(first) : describeAll(first, more.length + 1)} (${first.why})`,
    }
  );
}

/** One sentence for actions of all sorts: `Created ConfigMap, Secret and 3 Deployments; wrote 3 config hashes`. */
function describeTogether(actions: readonly Action[]): string {
  const parts = [...Map.groupBy(actions, verbOf).values()].map(([first, ...more]) => {
    if (first?.do === 'applyObject') return `${verbOf(first)} ${listed([first, ...more].filter(isApplied))}`;
    return first === undefined ? '' : more.length === 0 ? describe(first) : describeAll(first, more.length + 1);
  });
  return parts.map((part, at) => (at === 0 ? part : uncapitalized(part))).join('; ');
}

function isApplied(action: Action): action is Extract<Action, { do: 'applyObject' }> {
  return action.do === 'applyObject';
}

/** Objects that are made are told together, and those that are changed; everything else by what it is. */
function verbOf(action: Action): string {
  if (action.do === 'applyObject') return action.exists ? 'Updated' : 'Created';
  return `${reasonOf(action)} ${sortOf(action)}`;
}

/** `ConfigMap, Secret and 3 Deployments`. */
function listed(actions: readonly Extract<Action, { do: 'applyObject' }>[]): string {
  const kinds = [...Map.groupBy(actions, ({ resource }) => resource.kind)].map(([kind, { length }]) =>
    length === 1 ? kind : `${length} ${kind.replace(/y$/, 'ie')}s`
  );
  const last = kinds.pop() ?? '';
  return kinds.length === 0 ? last : `${kinds.join(', ')} and ${last}`;
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
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
