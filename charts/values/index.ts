/** The values of the chart: one schema, from which values.yaml, values.schema.json and the reference are made. */
import { z } from 'zod';
import { code } from './code.ts';
import { metrics } from './metrics.ts';
import { network } from './network.ts';
import { flags } from './operator.ts';
import { page } from './page.ts';
import { pods, replicas } from './pod.ts';
import { redis } from './redis.ts';
import { image, login, optionalName, optionalNamespace, pulledImage, pullSecrets, texts } from './words.ts';

const emptyTag = "the chart's appVersion when empty";

/** All values, in the order they are shown. */
export const values = z.strictObject({
  nameOverride: optionalName().default('').describe('In place of the name of the chart, in labels and names.'),
  fullnameOverride: optionalName().default('').describe('In place of release and chart in the names of objects.'),
  commonLabels: texts().describe('Further labels of every object.'),
  commonAnnotations: texts().describe('Further annotations of every object.'),
  image: pulledImage({ registry: 'registry.invalid', repository: 'redisworker/operator', tag: '', emptyTag })
    .describe('Image of the operator. The default is on no registry: push it to yours, or give it to the nodes.'),
  workerImage: image({ registry: 'registry.invalid', repository: 'redisworker/worker', tag: '', emptyTag })
    .describe('Image of worker pods that name none.'),
  imagePullSecrets: pullSecrets().describe(
    'Secrets to pull the images of the chart with. Worker pods pull with Secrets of their own namespace: those of spec.pod, or of its ServiceAccount default.',
  ),
  watchNamespace: optionalNamespace().default('').describe(
    'Serve only this namespace, with Roles there and no right in any other; all namespaces when empty.',
  ),
  ...replicas,
  redis,
  ...flags,
  code,
  ...network,
  metrics,
  page,
  serviceAccount: z.strictObject({
    create: z.boolean().default(true).describe('Make one for the operator.'),
    name: optionalName().default('').describe('Its name; that of the other objects when empty.'),
    annotations: texts().describe('Its annotations.'),
  }).prefault({}).describe('Whom the operator is to the API server.'),
  rbac: z.strictObject({
    create: z.boolean().default(true).describe('Make the roles of the operator and their bindings.'),
    people: z.strictObject({
      create: z.boolean().default(true).describe(
        'Make the roles redisworker-viewer, redisworker-author and redisworker-admin, to bind to people.',
      ),
      aggregate: z.boolean().default(true).describe(
        'Let whoever may view a namespace view its workers. No built-in role ever includes writing them.',
      ),
    }).prefault({}).describe('Roles for people: ClusterRoles, or Roles in watchNamespace.'),
  }).prefault({}).describe('What the operator and people may do.'),
  crds: z.strictObject({
    install: z.boolean().default(true).describe('Install and upgrade the CustomResourceDefinition.'),
    keep: z.boolean().default(true).describe('Keep it, and all workers, when the release is uninstalled.'),
    takeOver: z.boolean().default(false).describe(
      'Take it over from whoever owns it, once: helm needs --take-ownership for that.',
    ),
  }).prefault({}).describe('The CustomResourceDefinition of RedisWorker, of which a cluster has one.'),
  ...pods,
  argocd: z.strictObject({
    healthScript: z.strictObject({
      enabled: z.boolean().default(false).describe(
        'Make a ConfigMap with the entry for argocd-cm that tells Argo CD the health of workers.',
      ),
    }).prefault({}).describe(
      'The health script of Argo CD, which would call a worker healthy as soon as it is applied.',
    ),
  }).prefault({}).describe('Argo CD.'),
  tests: z.strictObject({
    enabled: z.boolean().default(true).describe('Let helm test ask a worker made for it.'),
    timeoutSeconds: z.int().min(1).max(3600).default(120).describe('How long the worker may take to start and answer.'),
    existingSecret: login('that may send requests, if that of the operator may not'),
  }).prefault({}).describe('What helm test does.'),
  enabled: z.boolean().default(true).describe(
    'For the condition by which a chart around this one takes it in or leaves it out.',
  ),
  global: z.record(z.string(), z.unknown()).default({}).describe('What a chart around this one shares; not used.'),
});
