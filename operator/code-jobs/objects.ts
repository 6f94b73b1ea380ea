/**
 * What one question for code is in a cluster: a Job that is made suspended, and what it owns, so that all of it goes with
 * it. In the namespace of the workers that ask: their credentials do not leave it, its quota and its Pod Security hold, and
 * who may read logs there may read the code as well. Pure.
 */
import type { Job } from 'kubernetes-types/batch/v1.d.ts';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { imageRoot, scratchMount } from '../../contract/pod.ts';
import type { KubeObject, OwnerReference } from '../cluster/cluster.ts';
import type { CodeQuestion } from '../code/resolver.ts';
import type { PodUser } from '../redisworker/model/blueprint.ts';
import type { EgressRule } from '../redisworker/network/allow-net/egress.ts';

/** How the Jobs of an operator are made. */
export interface JobSettings {
  readonly image: string;
  readonly resources: { readonly requests?: Record<string, string>; readonly limits?: Record<string, string> };
  /** Seconds one may take, waiting for a node and an image included. */
  readonly deadlineSeconds: number;
  /** Whom its pod runs as: another user where the cluster chooses. */
  readonly podUser: PodUser;
}

/** Label of all of them; its value tells the question. */
export const codeJobLabel = 'redisworker.dev/code-job';
/** The one container. */
export const resolverContainer = 'resolver';

const inputMount = '/run/redisworker/request';
const inputFile = 'request.json';
/** A Job nobody comes back for, because its operator is gone, removes itself. */
const forgottenSeconds = 900;

/** Name of a question's Job and of all it owns: the operator that comes next finds it by that. */
export function jobName(id: string): string {
  return `redisworker-code-${id.slice(0, 24)}`;
}

/** The Job, suspended until all its pod needs is there. */
export function jobOf(namespace: string, { id, credentials }: CodeQuestion, settings: JobSettings): KubeObject & Job {
  const labels = labelsOf(id);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(id), namespace, labels },
    spec: {
      suspend: true,
      backoffLimit: 0, // who asked decides when it is tried again
      activeDeadlineSeconds: settings.deadlineSeconds,
      ttlSecondsAfterFinished: forgottenSeconds,
      template: { metadata: { labels }, spec: podOf(jobName(id), credentials !== undefined, settings) },
    },
  };
}

function labelsOf(id: string): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'redisworker-code', [codeJobLabel]: id.slice(0, 24) };
}

function podOf(name: string, isSecret: boolean, { image, resources, podUser }: JobSettings): PodSpec {
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 1,
    securityContext: {
      runAsNonRoot: true,
      ...(podUser === 'Image' ? { runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 } : {}),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container(image, resources)],
    volumes: [
      isSecret
        ? { name: 'request', secret: { secretName: name, defaultMode: 0o440 } }
        : { name: 'request', configMap: { name } },
      { name: 'scratch', emptyDir: { sizeLimit: '1Gi' } },
    ],
  };
}

function container(image: string, resources: JobSettings['resources']): Container {
  return {
    name: resolverContainer,
    image,
    command: [
      'deno',
      'run',
      '--no-prompt',
      '--no-config',
      '--no-lock',
      '--no-remote',
      '--no-npm',
      '--allow-env',
      '--allow-sys',
      '--allow-run=deno',
      '--allow-net', // its policy says where to
      // Deno makes a link for whoever may read and write anything; the root is read-only, and nothing is worth reading.
      '--allow-read',
      '--allow-write',
      `${imageRoot}/code/resolve-job.js`,
      `${inputMount}/${inputFile}`,
    ],
    env: [
      { name: 'HOME', value: scratchMount },
      { name: 'TMPDIR', value: scratchMount },
      { name: 'NO_COLOR', value: '1' },
      { name: 'DENO_NO_UPDATE_CHECK', value: '1' },
      { name: 'CODE_SEED', value: `${imageRoot}/code/seed` },
    ],
    resources,
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'request', mountPath: inputMount, readOnly: true },
      { name: 'scratch', mountPath: scratchMount },
    ],
  };
}

/** What its pod reads: a Secret only when there is something to hide. */
export function inputOf(job: KubeObject, { request, credentials, id }: CodeQuestion): KubeObject {
  const text = JSON.stringify({ request, ...(credentials === undefined ? {} : { credentials }) });
  const metadata = ownedBy(job, id);
  return credentials === undefined
    ? { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [inputFile]: text } }
    : { apiVersion: 'v1', kind: 'Secret', metadata, data: { [inputFile]: Buffer.from(text).toString('base64') } };
}

/** What its pod may reach: DNS and the hosts of its imports. Nobody may reach it. */
export function policyOf(job: KubeObject, { id }: CodeQuestion, egress: readonly EgressRule[]): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedBy(job, id),
    spec: {
      podSelector: { matchLabels: { [codeJobLabel]: id.slice(0, 24) } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress,
    },
  };
}

function ownedBy({ apiVersion, kind, metadata: { name, namespace, uid = '' } }: KubeObject, id: string) {
  const owner: OwnerReference = { apiVersion, kind, name, uid, controller: true };
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: labelsOf(id), ownerReferences: [owner] };
}
