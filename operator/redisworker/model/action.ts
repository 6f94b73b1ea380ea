/** What a plan may ask for. Each action can be repeated, printed and tested. */
import type { ConfigHashFields } from '../../../contract/config-hash.ts';
import type { KubeObject, ObjectRef, Resource } from '../../cluster/cluster.ts';
import type { EventReason } from './reasons.ts';

/** One write, and the reason for it: the same word in logs, events and tests. */
export type Action =
  | { readonly do: 'setFinalizers'; readonly finalizers: readonly string[]; readonly why: Why }
  | {
    readonly do: 'applyObject';
    readonly resource: Resource;
    readonly object: KubeObject;
    readonly exists: boolean;
    readonly why: Why;
  }
  | { readonly do: 'scaleToZero'; readonly ref: ObjectRef; readonly uid: string; readonly why: Why }
  | {
    readonly do: 'deleteObject';
    readonly resource: Resource;
    readonly ref: ObjectRef;
    readonly uid: string;
    readonly why: Why;
  }
  | {
    readonly do: 'writeConfigHash';
    readonly consumerId: string;
    readonly fields: ConfigHashFields;
    /** The field `resource` of a hash that is taken over. */
    readonly replaces?: string;
    /** Fields somebody else wrote and the hash of a worker may not have. */
    readonly removes: readonly string[];
    readonly why: Why;
  }
  | {
    readonly do: 'clearStalePid';
    readonly consumerId: string;
    readonly pid: string;
    readonly owner: string | undefined;
    readonly why: Why;
  }
  | {
    readonly do: 'setRedisUser';
    readonly user: string;
    /** Connections it has are ended: a read that waits there would still get what comes. */
    readonly endsConnections: boolean;
    readonly why: Why;
  }
  | { readonly do: 'deleteRedisUser'; readonly user: string; readonly why: Why }
  | { readonly do: 'deleteConfigHash'; readonly consumerId: string; readonly why: Why }
  | { readonly do: 'releaseConfigHash'; readonly consumerId: string; readonly why: Why }
  | WorkAction;

/** A write that belongs to the kind of work, which alone knows what it is. */
export interface WorkAction {
  readonly do: 'changeWork';
  readonly step: WorkStep;
  readonly why: Why;
}

/** A step of a kind of work, and the event that tells it. */
export interface WorkStep {
  readonly step: string;
  /** One word in the past, as `kubectl describe` shows it. */
  readonly reason: EventReason;
  /** The sentence of the event. */
  readonly message: string;
}

/** Named facts that call for a write. */
export type Why =
  | 'FinalizerMissing'
  | 'CleanupFinished'
  | 'CleanupAbandoned'
  | 'SourceMissing'
  | 'SourceDrifted'
  | 'RuntimeSecretMissing'
  | 'RuntimeSecretDrifted'
  | 'RedisUserMissing'
  | 'RedisUserDrifted'
  | 'RedisPasswordChanged'
  | 'WorkMissing'
  | 'WorkUnclaimed'
  | 'ScriptMissing'
  | 'ScriptDrifted'
  | 'ScriptUnwanted'
  | 'ModulesMissing'
  | 'ModulesDrifted'
  | 'NetworkPolicyMissing'
  | 'NetworkPolicyDrifted'
  | 'ServiceMissing'
  | 'ServiceDrifted'
  | 'ConfigHashMissing'
  | 'ConfigHashStale'
  | 'ConfigHashAdopted'
  | 'OwnerPodGone'
  | 'PodFinished'
  | 'DeploymentMissing'
  | 'DeploymentDrifted'
  | 'ConsumerWanted'
  | 'ConsumerIdle'
  | 'Suspended'
  | 'ScopeNarrowed'
  | 'ConsumerRemoved'
  | 'WorkerDeleted'
  | 'HttpDisabled'
  | 'NoPodUsesIt';
