/** What a plan may ask for. Each action can be repeated, printed and tested. */
import type { ConfigHashFields } from '../../../contract/config-hash.ts';
import type { KubeObject, ObjectRef, Resource } from '../../cluster/cluster.ts';

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
    readonly why: Why;
  }
  | {
    readonly do: 'clearStalePid';
    readonly consumerId: string;
    readonly pid: string;
    readonly owner: string | undefined;
    readonly why: Why;
  }
  | { readonly do: 'deleteConfigHash'; readonly consumerId: string; readonly why: Why }
  | { readonly do: 'releaseConfigHash'; readonly consumerId: string; readonly why: Why }
  | WorkAction;

/** Writes that belong to the kind of work, today a request stream and its group. */
export type WorkAction =
  | { readonly do: 'ensureGroup'; readonly why: Why }
  | { readonly do: 'handOver'; readonly from: string; readonly to: string; readonly why: Why }
  | { readonly do: 'deleteConsumer'; readonly consumerId: string; readonly why: Why }
  | { readonly do: 'destroyGroup'; readonly why: Why };

/** Named facts that call for a write. */
export type Why =
  | 'FinalizerMissing'
  | 'CleanupFinished'
  | 'CleanupAbandoned'
  | 'SourceMissing'
  | 'SourceDrifted'
  | 'RuntimeSecretMissing'
  | 'RuntimeSecretDrifted'
  | 'GroupMissing'
  | 'NetworkPolicyMissing'
  | 'NetworkPolicyDrifted'
  | 'ConfigHashMissing'
  | 'ConfigHashStale'
  | 'OwnerPodGone'
  | 'DeploymentMissing'
  | 'DeploymentDrifted'
  | 'ConsumerRemoved'
  | 'WorkerDeleted'
  | 'NoPodUsesIt';

/** The outcome of planning: what to write now, and what the plan waits for. */
export interface Plan {
  readonly actions: readonly Action[];
  /** What has to happen before more can be done; shown in the Reconciling condition. */
  readonly waitingFor: readonly string[];
}
