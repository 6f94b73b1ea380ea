/** The part of a Pod this node runs, parsed once; what it cannot run is refused in one sentence. */
import { z } from 'zod';
import type { KubeObject } from '../../cluster.ts';

/** Address of every pod of this node: there are no pod networks here. */
export const podIP = '127.0.0.1';

const defaultMode = z.number().default(0o644);
const volume = z.object({
  name: z.string(),
  configMap: z.object({ name: z.string(), defaultMode }).optional(),
  secret: z.object({ secretName: z.string(), defaultMode }).optional(),
  emptyDir: z.object({}).optional(),
  projected: z.object({
    sources: z.array(z.object(
      { configMap: z.object({ name: z.string() }) },
      'a projected volume must be of configMaps on this node',
    )),
    defaultMode,
  }).optional(),
}).refine(
  ({ configMap, secret, emptyDir, projected }) => configMap ?? secret ?? emptyDir ?? projected,
  'a volume must be a configMap, secret, emptyDir or projected on this node',
);

const keyRef = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const fieldPath = z.enum([
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'status.podIP',
  'status.hostIP',
]);
const envVar = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.object({
    fieldRef: z.object({ fieldPath }).optional(),
    secretKeyRef: keyRef.optional(),
    configMapKeyRef: keyRef.optional(),
  }).refine(
    ({ fieldRef, secretKeyRef, configMapKeyRef }) => fieldRef ?? secretKeyRef ?? configMapKeyRef,
    'valueFrom must be a fieldRef, secretKeyRef or configMapKeyRef on this node',
  ).optional(),
});

const probe = z.object({
  httpGet: z.object({
    path: z.string().default('/'),
    port: z.union([z.number(), z.string()]),
    httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  }, 'a probe must be an httpGet on this node'),
  initialDelaySeconds: z.number().default(0),
  periodSeconds: z.number().default(10),
  timeoutSeconds: z.number().default(1),
  failureThreshold: z.number().default(3),
  successThreshold: z.number().default(1),
});

const container = z.object({
  name: z.string(),
  image: z.string().default(''),
  command: z.array(z.string(), 'a container needs a command on this node, which runs no images').min(1),
  args: z.array(z.string()).default([]),
  workingDir: z.string().optional(),
  env: z.array(envVar).default([]),
  envFrom: z.array(z.unknown()).max(0, 'envFrom is not read on this node; list the variables in env').default([]),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  volumeMounts: z.array(z.object({
    name: z.string(),
    mountPath: z.string().startsWith('/', 'mountPath must be absolute'),
    subPath: z.undefined('subPath is not supported on this node; mount the whole volume').optional(),
  })).default([]),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  startupProbe: probe.optional(),
});

const podSpec = z.object({
  containers: z.array(container).length(1, 'this node runs exactly one container per pod'),
  initContainers: z.array(z.unknown()).max(0, 'this node runs no init containers').default([]),
  volumes: z.array(volume).default([]),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).default('Always'),
});

export type ContainerSpec = z.infer<typeof container>;
export type VolumeSpec = z.infer<typeof volume>;
export type EnvVar = z.infer<typeof envVar>;
export type Probe = z.infer<typeof probe>;
export type FieldPath = z.infer<typeof fieldPath>;

/** A pod as this node runs it. */
export interface NodePodSpec {
  readonly container: ContainerSpec;
  readonly volumes: readonly VolumeSpec[];
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
}

/** Why a container cannot be started now; the kubelet's word for it is `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/** @throws ContainerConfigError naming every field this node cannot run */
export function readPodSpec(pod: KubeObject): NodePodSpec {
  const result = podSpec.safeParse(pod.spec);
  if (!result.success) {
    throw new ContainerConfigError(
      result.error.issues.map(({ path, message }) => `spec.${path.join('.')}: ${message}`).join('; '),
    );
  }
  const { containers: [first], volumes, restartPolicy } = result.data;
  if (first === undefined) {
    throw new ContainerConfigError('spec.containers: this node runs exactly one container per pod');
  }
  return { container: first, volumes, restartPolicy };
}
