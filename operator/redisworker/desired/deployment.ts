/** The Deployment of one consumer id: one pod, replaced only when the old one is gone. */
import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import type { Container, ContainerPort, PodSpec, ResourceRequirements, Volume } from 'kubernetes-types/core/v1.d.ts';
import {
  healthPort,
  httpPort,
  httpPortName,
  scratchMount,
  scriptRedisPort,
  secretMount,
  sourceMount,
} from '../../../contract/pod.ts';
import {
  annotations,
  deploymentName,
  digest,
  labels,
  labelValue,
  runtimeSecretName,
  sourceNoteVolume,
  sourceVolume,
  workerContainer,
} from '../model/names.ts';
import { type CommandInput, denoCommand } from './deno-command.ts';
import type { Parent, PodSettings, PodUser } from '../model/blueprint.ts';
import { canonicalJson, shared } from './drift.ts';
import { type EnvironmentInput, podEnvironment } from './pod-environment.ts';
import { type Built, childMetadata, parentLabels } from './metadata.ts';

/** What the Deployments of all consumers of a worker follow from. */
export interface CommonInput extends EnvironmentInput {
  readonly parent: Parent;
  readonly revision: string;
  readonly image: string;
  readonly podUser: PodUser;
  /** Names of the ConfigMaps that hold it. */
  readonly sourceConfigMaps: readonly string[];
  /** The image that holds it in their place, and which the one ConfigMap names. */
  readonly sourceImage?: string | undefined;
  readonly netHash: string;
  readonly terminationGracePeriodSeconds: number;
  readonly pod: PodSettings;
}

/** What of it the frame of a pod follows from. */
type FrameInput = Pick<
  CommonInput,
  'parent' | 'podUser' | 'sourceConfigMaps' | 'sourceImage' | 'terminationGracePeriodSeconds' | 'pod'
>;

/** What the Deployment of one consumer follows from beside it. */
export interface ConsumerInput {
  readonly consumerId: string;
  readonly configHashKey: string;
  readonly replicas: 0 | 1;
  /** Variables for Deno's own telemetry; none where there is none. */
  readonly telemetry: Readonly<Record<string, string>>;
  /** Digest of the config hash and the secrets the process reads at start; a change replaces the pod. */
  readonly configDigest: string;
}

/** Labels of the pod of one consumer, which its Deployment selects. */
export function consumerLabels(parent: Parent, consumerId: string): Record<string, string> {
  return { ...parentLabels(parent), [labels.consumer]: labelValue(consumerId) };
}

/** What the pods of a worker are beside their container, whoever logs in from them: made once for all that is built of it. */
export type PodFrame = Omit<PodSpec, 'containers'>;

/** Builds it. */
export function podFrame(input: FrameInput): PodFrame {
  return withShared(podSpec(input));
}

/** Builds the full Deployment of each consumer: what they have in common is made once. */
export function deploymentsOf(
  input: CommonInput,
  pod: PodFrame = podFrame(input),
): (consumer: ConsumerInput) => Built<Deployment> {
  const common = withShared(container(input));
  return (consumer) => {
    const command = denoCommand({ ...input.command, configHashKey: consumer.configHashKey });
    return deployment(
      input,
      consumer,
      shared({ ...pod, containers: [{ ...common, command, ...withTelemetry(common, consumer) }] }),
    );
  };
}

/** The environment with what telemetry is told, where there is some. */
function withTelemetry({ env: common = [] }: Container, { telemetry }: ConsumerInput): Pick<Container, 'env'> {
  const told = Object.entries(telemetry).map(([name, value]) => ({ name, value }));
  return told.length > 0 ? { env: [...common, ...told] } : {};
}

/** The object with all that lies in it to be shared. */
function withShared<T extends object>(object: T): T {
  for (const part of Object.values(object)) if (typeof part === 'object' && part !== null) shared(part as object);
  return object;
}

function deployment(input: CommonInput, consumer: ConsumerInput, spec: PodSpec): Built<Deployment> {
  const { parent } = input;
  const { consumerId } = consumer;
  const identity = { [annotations.consumer]: consumerId };
  const selected = consumerLabels(parent, consumerId);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(parent, deploymentName(parent.name, consumerId), {
      labels: selected,
      annotations: { ...identity, [annotations.revision]: input.revision },
    }),
    spec: {
      replicas: consumer.replicas,
      strategy: { type: 'Recreate' },
      revisionHistoryLimit: 2,
      selector: { matchLabels: selected },
      template: marked({
        metadata: {
          labels: { ...input.pod.labels, ...selected, [labels.netHash]: input.netHash },
          annotations: {
            ...input.pod.annotations,
            ...identity,
            [annotations.worker]: parent.name,
            [annotations.source]: input.sourceDigest,
            [annotations.config]: consumer.configDigest,
          },
        },
        spec,
      }),
    },
  };
}

/** The template with a digest of itself, which every pod made from it carries. */
export function marked<T extends { metadata: { annotations: Record<string, string> } }>(template: T): T {
  const mark = { [annotations.template]: digest(canonicalJson(template), 16) };
  return {
    ...template,
    metadata: { ...template.metadata, annotations: { ...template.metadata.annotations, ...mark } },
  };
}

const seccomp = { seccompProfile: { type: 'RuntimeDefault' } };

/** The same in all pods: its text is made once, and so is the comparison with what the cluster says of it. */
const podSecurity = {
  Image: shared({ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, ...seccomp }),
  Assigned: shared({ runAsNonRoot: true, ...seccomp }),
} as const satisfies Record<PodUser, PodSpec['securityContext']>;

function podSpec(input: FrameInput): PodFrame {
  const { pod } = input;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: input.terminationGracePeriodSeconds,
    securityContext: podSecurity[input.podUser],
    volumes: [
      ...sourceVolumesOf(input),
      { name: 'secret', secret: { secretName: runtimeSecretName(input.parent.name), defaultMode: 0o440 } },
      scratchVolume,
    ],
    ...given<PodSpec>({
      nodeSelector: pod.nodeSelector,
      tolerations: pod.tolerations,
      affinity: pod.affinity,
      topologySpreadConstraints: pod.topologySpreadConstraints?.map((constraint) => ({
        ...constraint,
        labelSelector: { matchLabels: parentLabels(input.parent) },
      })),
      priorityClassName: pod.priorityClassName,
      imagePullSecrets: pod.imagePullSecrets,
    }),
  };
}

const scratchVolume: Volume = shared({ name: 'scratch', emptyDir: { sizeLimit: '64Mi' } });

/** A volume that is an image, which the types of Kubernetes we have do not know yet. */
interface ImageVolume extends Volume {
  readonly image: { readonly reference: string; readonly pullPolicy: 'IfNotPresent' };
}

/** All ConfigMaps in one folder; or the image there, and its ConfigMap for whoever asks what pods use. */
function sourceVolumesOf({ sourceConfigMaps: names, sourceImage: reference }: FrameInput): readonly Volume[] {
  const [only = '', ...others] = names;
  if (reference !== undefined) {
    const image: ImageVolume = { name: sourceVolume, image: { reference, pullPolicy: 'IfNotPresent' } };
    return [image, { name: sourceNoteVolume, configMap: { name: only } }];
  }
  if (others.length === 0) return [{ name: sourceVolume, configMap: { name: only } }];
  return [{ name: sourceVolume, projected: { sources: names.map((name) => ({ configMap: { name } })) } }];
}

const portOfHealth: ContainerPort = shared({ name: 'health', containerPort: healthPort, protocol: 'TCP' });

function container(input: CommonInput): Omit<Container, 'command'> {
  const ports: ContainerPort[] = [portOfHealth];
  if (input.command.runtime === 'Script') {
    ports.push({ name: 'redis', containerPort: scriptRedisPort, protocol: 'TCP' });
  }
  if (input.servesHttp) ports.push({ name: httpPortName, containerPort: httpPort, protocol: 'TCP' });
  return {
    name: workerContainer,
    image: input.image,
    env: podEnvironment(input),
    ports,
    readinessProbe: inEveryPod.readinessProbe,
    livenessProbe: inEveryPod.livenessProbe,
    resources: input.pod.resources ?? defaultResources[input.command.runtime],
    securityContext: inEveryPod.securityContext,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: inEveryPod.volumeMounts,
  };
}

const inEveryPod = withShared({
  readinessProbe: {
    httpGet: { path: '/readyz', port: 'health' },
    periodSeconds: 1,
    timeoutSeconds: 2,
    failureThreshold: 3,
  },
  // Answers as long as the event loop turns: it ends a handler that never yields, not a pod that waits for Redis.
  livenessProbe: {
    httpGet: { path: '/healthz', port: 'health' },
    initialDelaySeconds: 10,
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 6,
  },
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  volumeMounts: [
    { name: sourceVolume, mountPath: sourceMount, readOnly: true },
    { name: 'secret', mountPath: secretMount, readOnly: true },
    { name: 'scratch', mountPath: scratchMount },
  ],
});

/** What a worker pod asks for when the manifest does not say. */
const forOneProcess = shared({ requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } });

/** Each script of Hats, and each module, has a process of its own: a dozen of them find room. */
const forManyProcesses = shared({ requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '512Mi' } });

/** By runtime. */
export const defaultResources = {
  Handler: forOneProcess,
  Script: forOneProcess,
  Rhai: forOneProcess,
  Hats: forManyProcesses,
  Modules: forManyProcesses,
} as const satisfies Record<CommandInput['runtime'], ResourceRequirements>;

/** The fields that have a value. */
function given<T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
