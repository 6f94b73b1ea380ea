/** The Redis of workers that name none: one that is there, or one of the release's own to try things out. */
import { z } from 'zod';
import {
  dataKey,
  kubernetes,
  kubernetesList,
  login,
  optional,
  optionalName,
  podSecurityContext,
  pulledImage,
  resources,
  securityContext,
  texts,
} from './words.ts';

const certificate = (whose: string) =>
  z.strictObject({
    name: optionalName().default('').describe('Name of the Secret, of type kubernetes.io/tls for example.'),
    certKey: dataKey('tls.crt').describe('Its key with the certificate and its chain.'),
    keyKey: dataKey('tls.key').describe('Its key with the private key.'),
  }).prefault({}).describe(whose);

const tls = z.strictObject({
  caSecret: z.strictObject({
    name: optionalName().default('').describe("Name of the Secret; the system's authorities are trusted when empty."),
    key: dataKey('ca.crt').describe('Its key with the PEM certificates to trust, and no others.'),
  }).prefault({}).describe('Secret with the authorities of the Redis.'),
  certSecret: certificate('Certificate the operator shows the Redis, and workers that share its login.'),
  workerCertSecret: certificate('Certificate workers with a user of their own show the Redis.'),
  serverName: z.string().default('').describe("Name the certificate of the Redis carries; the host's when empty."),
}).prefault({}).describe('TLS to the Redis, whose URL then begins with rediss.');

const persistence = z.strictObject({
  enabled: z.union([z.boolean(), z.literal('auto')]).default('auto').describe(
    'Keep the data on a volume. auto: when the cluster has a default StorageClass, which helm looks up at the first install, and needs the right to list them for; helm template and Argo CD cannot look, and take it for false.',
  ),
  storageClass: z.string().default('').describe('StorageClass of the volume; the default one when empty.'),
  size: z.string().default('1Gi').describe('Size of the volume.'),
}).prefault({}).describe('Where the data of the trial Redis is kept.');

const trial = z.strictObject({
  enabled: z.boolean().default(false).describe(
    'Run a Redis in the release, to try workers out. One server, no replica.',
  ),
  image: pulledImage({
    registry: 'docker.io',
    repository: 'library/redis',
    tag: '8.6.3',
    emptyTag: 'an image of Redis 7 or newer, or Valkey, with redis-server on its PATH',
  }).describe('Image of the trial Redis. Pin it by its digest.'),
  existingSecret: optionalName().default('').describe(
    'Secret whose key "password" is the password; when empty one is generated at the first install and kept. Needed with helm template and Argo CD, which would generate another each time.',
  ),
  persistence,
  keep: z.boolean().default(false).describe(
    'Leave it running on uninstall, so that workers go on; a reinstall under the same name takes it back.',
  ),
  maxMemory: optional(/[1-9]\d*(kb|mb|gb)/).default('128mb').describe(
    'Memory for data; a write beyond it is refused, nothing is evicted. No bound when empty.',
  ),
  clients: kubernetesList().describe(
    'Who else may connect, as peers of a NetworkPolicy: what sends requests to the workers.',
  ),
  resources: resources({ requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } }).describe(
    'Resources of the trial Redis.',
  ),
  podSecurityContext: podSecurityContext().describe('Security context of its pod.'),
  securityContext: securityContext().describe('Security context of its container.'),
  nodeSelector: texts().describe('Labels of the nodes it may run on.'),
  tolerations: kubernetesList().describe('Taints it tolerates.'),
  affinity: kubernetes().default({}).describe('Affinity of its pod.'),
}).prefault({}).describe('A Redis of the release, for trying it out; not for work that matters.');

/** Everything about the Redis. */
export const redis = z.strictObject({
  url: optional(/rediss?(\+(sentinel|cluster))?:\/\/[^@\s]+/).default('').describe(
    'Redis of workers that name none, without credentials: redis://host:port/0, rediss:// for TLS, redis+sentinel://host,host/master-name/0 or redis+cluster://host,host.',
  ),
  existingSecret: login('of the operator; what it may do is in docs/redis.md'),
  sentinel: z.strictObject({ existingSecret: login('for its Sentinels, if they ask for one') }).prefault({}).describe(
    'Sentinels, which have logins of their own.',
  ),
  tls,
  trial,
}).prefault({}).describe('The Redis of workers that name none.');
