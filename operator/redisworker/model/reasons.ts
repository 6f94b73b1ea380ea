/**
 * Every reason a condition or an event can have. Reasons are an API: docs/conditions.md and docs/reference/events.md
 * explain each, and none changes its meaning. The name of a list says where its reasons are decided: look there for the
 * word.
 */

/** Of Ready, Reconciling and, where time is up, Stalled, in `status/conditions.ts`. */
export const readyReasons = [
  'ConsumersReady',
  'ScaledToZero',
  'ConsumersStarting',
  'ConsumersUpdating',
  'ConsumersFailing',
  'CanaryRunning',
  'CanaryFailed',
  'InvalidSource',
  'ProgressDeadlineExceeded',
  'Suspended',
  'Draining',
  'Applying',
  'Waiting',
  'Deleting',
] as const;

/** What keeps a worker from running: of problems, which the other folders of the domain find. */
export const problemReasons = [
  'InvalidSpec',
  'NotSupported',
  'FieldDenied',
  'EnforcementUnverifiable',
  'InvalidAllowNet',
  'NameRefused',
  'TypeConflict',
  'GroupConflict',
  'KeyRefused',
  'HashConflict',
  'NameConflict',
  'WrongRedisType',
  'ConfigMapNotFound',
  'ConfigMapKeyNotFound',
  'ConfigMapKeyNotText',
  'SourceTooLarge',
  'SourceEmpty',
  'SourceDigestMismatch',
  'SourcePartMissing',
  'SourceNotBuilt',
  'SourceIsLocal',
  'SourceResolving',
  'SourceUnreachable',
  'SourceNotFound',
  'SourceUnauthorized',
  'ImportRefused',
  'IntegrityMismatch',
  'LockMismatch',
  'ResolverFailed',
  'SecretNotFound',
  'SecretKeyNotFound',
  'SecretRefused',
  'SecretTooLarge',
  'SecretNotText',
  'InvalidCertificate',
  'InvalidRedisUrl',
  'NoRedis',
  'RedisNotOpened',
  'RedisOnLoopback',
  'RedisHostRefused',
  'CiliumNotInstalled',
  'HandingOver',
] as const;

/** Of a call the cluster refused, read in `apply/failure.ts`: the API server's own words, or those of `cluster/kubernetes/faults.ts`. */
export const clusterReasons = [
  'Forbidden',
  'Unauthorized',
  'Invalid',
  'BadRequest',
  'NotFound',
  'AlreadyExists',
  'TooManyRequests',
  'RequestEntityTooLarge',
  'ServiceUnavailable',
  'ServerTimeout',
  'Timeout',
  'Unreachable',
  'NotServed',
] as const;

/** Of any other failure, in `apply/failure.ts`: a refusal in words of its own, and a bug. */
export const otherReasons = ['ClusterError', 'InternalError'] as const;

/** Of a Redis that does not do what it is asked, in `operator/redis/fault.ts`. */
export const redisReasons = [
  'RedisUnreachable',
  'RedisAuthFailed',
  'RedisTLSFailed',
  'RedisNoPermission',
  'RedisWrongType',
  'RedisReadOnly',
  'RedisMasterUnknown',
  'RedisOutOfMemory',
  'RedisLoading',
  'RedisError',
] as const;

/** Of RedisReachable, SourceResolved and NetworkPolicyExact, in `status/conditions.ts` and `network/allow-net/`. */
export const partReasons = [
  'Answered',
  'Resolved',
  'Exact',
  'AllGranted',
  'NameResolved',
  'PortOpened',
  'WildcardOpened',
  'Approximated',
] as const;

/** Of NetworkPolicyEnforced, in `status/enforcement.ts` and `network/gate.ts`. */
export const enforcementReasons = [
  'Refused',
  'NotEnforced',
  'NotVerified',
  'NotEnforcedHere',
  'CanaryNotConfigured',
  'CanaryInScope',
  'CanaryDenied',
  'CanaryUnreachable',
] as const;

/** Of a consumer's row in the status, in `status/`: those that are no word of its node or of the scheduler. */
export const rowReasons = [
  'NoPod',
  'NotReady',
  'Unhealthy',
  'NodeNotReady',
  'Outdated',
  'Terminating',
  'NotWanted',
] as const;

/** All reasons of conditions. */
export const reasons = [
  ...readyReasons,
  ...problemReasons,
  ...clusterReasons,
  ...otherReasons,
  ...redisReasons,
  ...partReasons,
  ...enforcementReasons,
] as const;

/** The reason of a condition. */
export type Reason = (typeof reasons)[number];

const known: ReadonlySet<string> = new Set(reasons);

/** True for a word that is a reason of ours. */
export function isReason(word: string): word is Reason {
  return known.has(word);
}

/** Of events that tell what was done, in `apply/events.ts`; one word in the past, as of every controller. */
export const appliedReasons = [
  'Finalized',
  'Applied',
  'Scaled',
  'Deleted',
  'ConfigHashWritten',
  'RedisUserWritten',
  'RedisUserDeleted',
  'StalePidCleared',
  'ConfigHashDeleted',
  'ConfigHashReleased',
] as const;

/** Of events that tell a step of a kind of work, in `work/`. */
export const workReasons = [
  'GroupCreated',
  'GroupClaimed',
  'HandedOver',
  'ConsumerRemoved',
  'GroupGivenUp',
  'ScriptWritten',
  'ScriptRemoved',
  'QueueClaimed',
  'QueueGivenUp',
  'ModulesDeclared',
  'ModulesForgotten',
  'ModulesRemoved',
] as const;

/** Of events that tell whether the network holds a worker, in `apply/status.ts`. */
export const enforcementEventReasons = ['NetworkPolicyEnforced', 'NetworkPolicyNotEnforced'] as const;

/** Of events that tell a number of consumers the operator has decided, in `status/autoscale.ts`. */
export const scaleEventReasons = ['ScaledOut', 'ScaledIn'] as const;

/** Of events that tell a gap in what was counted, in `status/missed.ts`. */
export const gapEventReasons = ['ResponsesMissed'] as const;

/** Of every event but two sorts of Warnings: reasons of Ready that are a fault, and findings about a Redis. */
export const eventReasons = [
  ...appliedReasons,
  ...workReasons,
  ...enforcementEventReasons,
  ...scaleEventReasons,
  ...gapEventReasons,
] as const;

/** The reason of such an event. */
export type EventReason = (typeof eventReasons)[number];
