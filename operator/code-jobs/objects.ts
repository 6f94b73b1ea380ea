/**
 * What one question for code is in a cluster: a Job that is made suspended, and what it owns, so that all of it goes with
 * it. In the namespace of the workers that ask: their credentials do not leave it, its quota and its Pod Security hold, and
 * who may read logs there may read the code as well. Pure.
 */
import type { Job } from 'kubernetes-types/batch/v1.d.ts';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { closedFlags, imageRoot, scratchMount } from '../../contract/pod.ts';
import { type KubeObject, type OwnerReference, resources } from '../cluster/cluster.ts';
import { hostOf } from '../code/request.ts';
import type { CodeQuestion } from '../code/resolver.ts';
import type { PodUser } from '../redisworker/model/blueprint.ts';
import type { CiliumPolicySpec } from '../redisworker/desired/cilium-policy.ts';
import type { OpenedEgress } from './egress.ts';

/** How the Jobs of an operator are made. */
export interface JobSettings {
  readonly image: string;
  readonly resources: { readonly requests?: Record<string, string>; readonly limits?: Record<string, string> };
  /** Seconds one may take, waiting for a node and an image included. */
  readonly deadlineSeconds: number;
  /** Whom its pod runs as: another user where the cluster chooses. */
  readonly podUser: PodUser;
  /** How it reaches hosts, where that is not by itself. */
  readonly way?: JobWay;
}

/** What stands between the pods of a cluster and the hosts of code. */
export interface JobWay {
  /** Addresses of proxies, without a login. */
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  /** Hosts that are reached without them, as NO_PROXY has them. */
  readonly noProxy?: string | undefined;
  /** Gives the authorities, in PEM, that are trusted beside the public ones, as they are now. */
  readonly trusts?: (() => string) | undefined;
}

/** Label of all of them; its value tells the question. */
export const codeJobLabel = 'redisworker.dev/code-job';
/** The one container. */
export const resolverContainer = 'resolver';

const inputMount = '/run/redisworker/request';
const inputFile = 'request.json';
const trustFile = 'ca.crt';
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

function podOf(name: string, isSecret: boolean, { image, resources, podUser, way }: JobSettings): PodSpec {
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
    containers: [container(image, resources, way)],
    volumes: [
      isSecret
        ? { name: 'request', secret: { secretName: name, defaultMode: 0o440 } }
        : { name: 'request', configMap: { name } },
      { name: 'scratch', emptyDir: { sizeLimit: '1Gi' } },
    ],
  };
}

function container(image: string, resources: JobSettings['resources'], way: JobWay = {}): Container {
  return {
    name: resolverContainer,
    image,
    command: [
      'deno',
      'run',
      ...closedFlags,
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
      { name: 'CODE_TYPES', value: `${imageRoot}/code/redisworker.ts` },
      ...(resources.limits?.['memory'] === undefined
        ? []
        : [{ name: 'CODE_MEMORY', value: resources.limits['memory'] }]),
      ...wayVariables(way),
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

/** What Deno goes by, in the program and in what that starts. */
function wayVariables({ httpProxy, httpsProxy, noProxy, trusts }: JobWay): { name: string; value: string }[] {
  const variables = {
    HTTP_PROXY: httpProxy,
    HTTPS_PROXY: httpsProxy,
    NO_PROXY: noProxy,
    DENO_CERT: trusts && `${inputMount}/${trustFile}`,
  };
  return Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/** `host:port` of the proxies. */
export function proxyHosts({ httpProxy, httpsProxy }: JobWay = {}): readonly string[] {
  return [...new Set([httpProxy, httpsProxy].filter((one) => one !== undefined).map(hostOf))];
}

/** What its pod reads: a Secret only when there is something to hide. */
export function inputOf(
  job: KubeObject,
  { request, credentials, id }: CodeQuestion,
  { trusts }: JobWay = {},
): KubeObject {
  const text = JSON.stringify({ request, ...(credentials === undefined ? {} : { credentials }) });
  const metadata = ownedBy(job, id);
  const files = { [inputFile]: text, ...(trusts === undefined ? {} : { [trustFile]: trusts() }) };
  if (credentials === undefined) return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: files };
  const encoded = Object.entries(files).map(([file, content]) => [file, Buffer.from(content).toString('base64')]);
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(encoded) as Record<string, string> };
}

/** What its pod may reach: DNS and the hosts of its imports. Nobody may reach it. */
export function policyOf(job: KubeObject, { id }: CodeQuestion, opened: OpenedEgress): KubeObject {
  const metadata = ownedBy(job, id);
  const selector = { matchLabels: { [codeJobLabel]: id.slice(0, 24) } };
  if (opened.flavor === 'Cilium') {
    const { apiVersion, kind } = resources.ciliumNetworkPolicies;
    const spec = {
      endpointSelector: selector,
      enableDefaultDeny: { egress: true, ingress: true },
      ingress: [{}],
      ...opened.rules,
    } satisfies CiliumPolicySpec;
    return { apiVersion, kind, metadata, spec };
  }
  const { apiVersion, kind } = resources.networkPolicies;
  const spec = { podSelector: selector, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: opened.egress };
  return { apiVersion, kind, metadata, spec };
}

function ownedBy({ apiVersion, kind, metadata: { name, namespace, uid = '' } }: KubeObject, id: string) {
  const owner: OwnerReference = { apiVersion, kind, name, uid, controller: true };
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: labelsOf(id), ownerReferences: [owner] };
}
