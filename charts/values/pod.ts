/** The pods of the operator: how many, where, and what they get. */
import { z } from 'zod';
import {
  kubernetes,
  kubernetesList,
  optionalName,
  podSecurityContext,
  resources,
  securityContext,
  texts,
} from './words.ts';

const probe = (what: string, preset: { periodSeconds: number; timeoutSeconds: number; failureThreshold: number }) => {
  const whole = (value: number) => z.int().min(1).default(value);
  return z.strictObject({
    periodSeconds: whole(preset.periodSeconds).describe('Seconds between two questions.'),
    timeoutSeconds: whole(preset.timeoutSeconds).describe('Seconds an answer may take.'),
    failureThreshold: whole(preset.failureThreshold).describe('Questions in a row that have to fail.'),
  }).prefault({}).describe(what);
};

/** How many operators there are and how they are spread. */
export const replicas = {
  replicaCount: z.int().min(0).max(9).default(1).describe(
    'Operators; one leads, the others stand by and take over within seconds.',
  ),
  podDisruptionBudget: z.strictObject({
    enabled: z.boolean().default(true).describe('Make one when there is more than one replica.'),
    maxUnavailable: z.union([z.int().min(1), z.string().regex(/^\d{1,3}%$/)]).default(1).describe(
      'Replicas that may be evicted at once.',
    ),
  }).prefault({}).describe('What a drain of nodes may do to the replicas.'),
  topologySpreadConstraints: kubernetesList().describe(
    'How replicas spread; when empty over nodes and zones as far as that can be done. A constraint without labelSelector gets that of the operator.',
  ),
};

/** Everything else about the pods. */
export const pods = {
  resources: resources({ requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } }).describe(
    'Resources of the operator, which takes 75 MB, and 141 MB with 1,000 workers of three consumers. No CPU limit: it would slow down takeovers.',
  ),
  podSecurityContext: podSecurityContext().describe(
    'Security context of the pod. Set a field to null to leave it out.',
  ),
  securityContext: securityContext().describe('Security context of the container.'),
  openshift: z.strictObject({
    enabled: z.boolean().default(false).describe(
      'Leave user, group and fsGroup out of all pods, those of workers too, so that OpenShift gives them those of the namespace.',
    ),
  }).prefault({}).describe('OpenShift, which chooses user ids itself.'),
  livenessProbe: probe('Ends an operator that hangs.', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
  readinessProbe: probe('Takes an operator out of the Services that cannot work.', {
    periodSeconds: 5,
    timeoutSeconds: 3,
    failureThreshold: 3,
  }),
  priorityClassName: optionalName().default('').describe(
    'Priority class of the operator, such as system-cluster-critical.',
  ),
  terminationGracePeriodSeconds: z.int().min(0).default(30).describe(
    'Seconds an operator gets to finish what it does; it takes up to 20.',
  ),
  podLabels: texts().describe('Further labels of the pods.'),
  podAnnotations: texts().describe('Further annotations of the pods.'),
  nodeSelector: texts().describe('Labels of the nodes the operator may run on.'),
  tolerations: kubernetesList().describe('Taints it tolerates.'),
  affinity: kubernetes().default({}).describe('Affinity of the pods.'),
  dnsPolicy: z.enum(['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']).default('').describe(
    'DNS policy of the pods; the default of Kubernetes when empty.',
  ),
  dnsConfig: kubernetes().default({}).describe('DNS settings of the pods.'),
  hostAliases: kubernetesList().describe('Further lines of /etc/hosts.'),
  extraEnv: kubernetesList().describe('Further environment variables, such as HTTPS_PROXY.'),
  extraVolumes: kubernetesList().describe('Further volumes of the pods.'),
  extraVolumeMounts: kubernetesList().describe('Where the operator finds them.'),
  extraArgs: z.array(z.string()).default([]).describe('Further flags of the operator, after those of the chart.'),
};
