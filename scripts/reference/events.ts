/** docs/reference/events.md: every reason of an event, and every cause it names. */
import type { Why } from '../../operator/redisworker/model/action.ts';
import type { EventReason } from '../../operator/redisworker/model/reasons.ts';
import { generated, table } from './table.ts';

const reasons: Readonly<Record<EventReason, string>> = {
  Finalized: 'the worker got the finalizer that keeps it until Redis is cleaned up, or lost it',
  Applied: 'objects were created or changed; several of a kind are told in one event',
  Scaled: 'Deployments were scaled to zero, for the worker is suspended',
  Deleted: 'objects were deleted that nothing uses any more, or pods that have ended for good',
  ConfigHashWritten: 'config hashes of consumers were written to Redis; fields that somebody else had put in are named',
  ConfigHashDeleted: 'config hashes of consumers that are gone were deleted',
  ConfigHashReleased: 'config hashes were left in Redis, as `spec.deletionPolicy: Retain` asks',
  RedisUserWritten: 'the user the pods log in as was written to Redis',
  RedisUserDeleted: 'that user was deleted',
  StalePidCleared:
    'the pid of a process that is gone was taken out of a config hash, so that another can take its place',
  GroupCreated: 'the consumer group was created',
  GroupClaimed: 'the consumer group that was there is marked as the own',
  HandedOver: 'what a leaving consumer had not finished went to another one, or back into its task queue',
  ConsumerRemoved: 'a consumer was taken out of the group',
  GroupGivenUp: 'the group of a deleted worker was removed, or left where requests or consumers are in it',
  ScriptWritten: 'scripts of `spec.hats` were written to Redis',
  ScriptRemoved: 'scripts the manifest names no more were deleted, or left in Redis, as `spec.deletionPolicy` asks',
  QueueClaimed: 'the task queue that was there is marked as the own',
  QueueGivenUp: 'the task queue of a deleted worker was left to whoever wants it',
  ModulesDeclared:
    'modules of `spec.modules` were declared to the pods, in Redis; those that run take over what changed',
  ModulesForgotten: 'what a consumer that is gone told of its modules was deleted',
  ModulesRemoved: 'the modules of a deleted worker were removed from Redis',
  NetworkPolicyEnforced: "every running pod was refused by the operator's canary",
  NetworkPolicyNotEnforced: 'pods reached the canary: a Warning',
  ScaledOut: 'more consumers are wanted under `consumers.autoscale`',
  ScaledIn: 'fewer are wanted',
  ResponsesMissed:
    'responses were trimmed before the operator had read them, as after an interruption: they are in the totals, and their codes are inferred: a Warning',
};

const causes: Readonly<Record<Why, string>> = {
  FinalizerMissing: 'it had no finalizer yet',
  CleanupFinished: 'Redis is cleaned up',
  CleanupAbandoned: 'Redis cannot be cleaned up by anybody: what it holds is left',
  SourceMissing: 'the ConfigMap with the module was not there',
  SourceDrifted: 'somebody changed it',
  RuntimeSecretMissing: 'the Secret of the pods was not there',
  RuntimeSecretDrifted: 'it holds something else than it should',
  RedisUserMissing: 'Redis did not know the user',
  RedisUserDrifted: 'the user was allowed something else than it should be',
  RedisPasswordChanged: 'the user had another password',
  WorkMissing: 'the consumer group was not there',
  WorkUnclaimed: 'the group, or the task queue, had no owner',
  ScriptMissing: 'a script of `spec.hats` was not there',
  ScriptDrifted: 'it holds something else than the manifest says',
  ScriptUnwanted: 'the manifest names it no more',
  ModulesMissing: 'the modules were not there',
  ModulesDrifted: 'they were others than the manifest says',
  NetworkPolicyMissing: 'the policy was not there',
  NetworkPolicyDrifted: 'somebody changed the policy, or names of the scope have moved',
  ServiceMissing: 'the Service of `spec.http` was not there',
  ServiceDrifted: 'somebody changed it, or `spec.http` names another port',
  HttpDisabled: '`spec.http` was removed',
  ConfigHashMissing: 'the hash was not there',
  ConfigHashStale: 'the hash did not say what the spec says',
  ConfigHashAdopted: 'the hash was left behind by an earlier worker of this name',
  OwnerPodGone: 'the pod that had written it is gone',
  PodFinished: 'the pod has ended for good and is in the way of the next',
  DeploymentMissing: 'the Deployment was not there',
  DeploymentDrifted: 'the Deployment did not say what the spec says',
  ConsumerWanted: 'a consumer that slept, or was suspended, is to run',
  ConsumerIdle: 'nothing was to be done for `consumers.autoscale.idleSeconds`',
  Suspended: '`spec.suspend` is true',
  ScopeNarrowed: '`permissions` or the Redis of pods that run on have changed',
  ConsumerRemoved: 'the consumer is no longer wanted',
  WorkerDeleted: 'the worker is being deleted',
  NoPodUsesIt: 'no pod uses it any more',
};

/** The page. */
export function eventsPage(): string {
  const rows = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([word, text]) => [`\`${word}\``, text]);
  return [
    generated,
    '# Events',
    'What `kubectl describe redisworker` shows below the status. Reasons are an API: tools may match them, so they keep their meaning. Messages are for people and may change. Events are told as far as the API server takes them; what is true now is in the [conditions](../conditions.md).',
    '## What was done',
    'Normal events. The message ends with the cause, in parentheses.',
    table(['reason', 'what it says'], rows(reasons)),
    table(['cause', 'what it says'], rows(causes)),
    '## What is wrong',
    'Warnings. When `Ready` turns to a reason that is a fault, there is one with that [reason](../conditions.md) and its message; progress, such as `ConsumersStarting`, makes none. What a Redis lacks is told with [the finding](../redis.md#what-a-redis-should-be) as the reason, once for each Redis and namespace.',
    'In local mode pods have events of their own in the words of a kubelet: `Started`, `BackOff`, `Failed`, `Unhealthy`.',
  ].join('\n\n');
}
