/** How a Job and its pod stand, in the words of who waits for its code. Pure. */
import type { KubeObject } from '../cluster/cluster.ts';
import { type JobSettings, resolverContainer } from './objects.ts';

/** Under way, at its end, or over without one. */
export type Standing =
  | { readonly kind: 'suspended' | 'running' }
  /** Its log has the outcome. */
  | { readonly kind: 'ended'; readonly pod: string }
  | { readonly kind: 'lost'; readonly sentence: string };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

interface JobView {
  readonly spec?: { readonly suspend?: boolean };
  readonly status?: { readonly conditions?: readonly Condition[]; readonly succeeded?: number };
}

interface ContainerView {
  readonly name?: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode?: number; readonly reason?: string; readonly message?: string };
  };
}

interface PodView {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerView[];
}

/** What no node gets over by itself. */
const cannotStart = new Set([
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
]);
const cannotPull = new Set(['ErrImagePull', 'ImagePullBackOff']);

/** What a Job may take; of that, what is told. */
type Bounds = Pick<JobSettings, 'resources'>;

/** @param pods those of the Job */
export function standingOf(job: KubeObject, pods: readonly KubeObject[], bounds: Bounds): Standing {
  const [pod] = pods;
  const view: PodView = pod?.status ?? {};
  const container = view.containerStatuses?.find(({ name }) => name === resolverContainer)?.state;
  if (pod !== undefined && container?.terminated?.exitCode === 0) return { kind: 'ended', pod: pod.metadata.name };
  return overOf(job, causeOf(view, container, bounds)) ??
    (isSuspended(job) ? { kind: 'suspended' } : startOf(container));
}

/** What the cluster says of a Job that has ended. */
function overOf(job: KubeObject, cause: string | undefined): Standing | undefined {
  const { status } = job as JobView;
  const failed = status?.conditions?.find(({ type, status: holds }) => type === 'Failed' && holds === 'True');
  if (failed !== undefined) return lost(cause ?? failureOf(failed));
  return (status?.succeeded ?? 0) > 0 ? lost('its pod is gone, and with it what it has found') : undefined;
}

function isSuspended(job: KubeObject): boolean {
  return (job as JobView).spec?.suspend === true;
}

function startOf(container: ContainerView['state']): Standing {
  const { reason = '', message = '' } = container?.waiting ?? {};
  if (!cannotStart.has(reason)) return { kind: 'running' };
  return lost(`its pod does not start (${reason}${message ? `: ${message}` : ''})`);
}

function causeOf(
  { phase, reason, message }: PodView,
  container: ContainerView['state'],
  { resources: { limits } }: Bounds,
): string | undefined {
  if (container?.terminated?.reason === 'OOMKilled') {
    const limit = limits?.['memory'];
    return `it ran out of memory${
      limit === undefined ? '' : `, of which it may have ${limit}`
    }: give it more, by the value code.resources of the chart, or import less`;
  }
  if (phase === 'Failed' && reason !== undefined) {
    return `its pod was ended by the node (${reason}${message ? `: ${message.trim()}` : ''})`;
  }
  const { exitCode, message: said = '' } = container?.terminated ?? {};
  if (exitCode === undefined) return undefined;
  return `it ended with exit code ${exitCode}${said ? `: ${said.trim().split('\n').at(-1)}` : ''}`;
}

function failureOf({ reason = 'Failed', message = '' }: Condition): string {
  return `the cluster has given it up (${reason}${message ? `: ${message}` : ''})`;
}

/** Why a Job that is under way is not further, for whom its time is up. */
export function hindrance(job: KubeObject, pods: readonly KubeObject[], seconds: number): string {
  const view: PodView = pods[0]?.status ?? {};
  const waiting = view.containerStatuses?.find(({ name }) => name === resolverContainer)?.state?.waiting;
  const unscheduled = view.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const within = `within ${seconds} s`;
  if (unscheduled !== undefined) return `no node took its pod ${within}: ${unscheduled.message ?? 'there is no room'}`;
  if (waiting?.reason !== undefined && cannotPull.has(waiting.reason)) {
    return `its image could not be pulled ${within}: ${waiting.message ?? waiting.reason}`;
  }
  if (pods.length === 0) {
    const refused = (job as JobView).status?.conditions?.find(({ type }) => type === 'FailureTarget')?.message;
    return `no pod of it was made ${within}: ${
      refused ?? 'a quota or an admission policy of the namespace may refuse it'
    }`;
  }
  return `it did not end ${within}: is one of the hosts slow, or does one not answer?`;
}

interface EventView {
  readonly reason?: string;
  readonly note?: string;
  readonly regarding?: { readonly uid?: string };
}

/** What the cluster said last of a pod it did not make, in the words of whoever refused it; undefined when it said nothing. */
export function whyNoPod(events: readonly KubeObject[], uid: string | undefined): string | undefined {
  const said = events.map((event) => event as EventView)
    .filter(({ reason, regarding }) => reason === 'FailedCreate' && regarding?.uid === uid);
  const note = said.at(-1)?.note?.replace(/^Error creating: /, '');
  if (note === undefined) return undefined;
  return note.includes('exceeded quota')
    ? `a quota of the namespace leaves no room for its pod (${note}): raise it, or let it go by the value code.resources of the chart`
    : `the namespace takes no pod of it: ${note}`;
}

function lost(why: string): Standing {
  return { kind: 'lost', sentence: why };
}
