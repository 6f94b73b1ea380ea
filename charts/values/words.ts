/** What several parts of the values are made of. */
import { z } from 'zod';

/** Text that may be empty, where empty stands for "not set". */
export function optional(pattern: RegExp): z.ZodString {
  return z.string().regex(new RegExp(`^(${pattern.source.replace(/^\^|\$$/g, '')})?$`));
}

const objectNamePattern = /[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/;

/** The name of an object; empty for none. */
export const optionalName = (): z.ZodString => optional(objectNamePattern);

/** The name of a namespace; empty for none. */
export const optionalNamespace = (): z.ZodString => optional(/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/);

/** The key of a Secret or ConfigMap. */
export const dataKey = (preset: string): z.ZodDefault<z.ZodString> =>
  z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/).default(preset);

/** A Secret with a login to Redis. */
export const login = (whose: string) =>
  z.strictObject({
    name: optionalName().default('').describe('Name of the Secret, in the namespace of the release.'),
    usernameKey: dataKey('username').describe('Its key with the ACL user; that key may be absent.'),
    passwordKey: dataKey('password').describe(
      'Its key with the password, which is followed: a new one needs no restart.',
    ),
  }).prefault({}).describe(`Secret with the login ${whose}.`);

/** Labels or annotations. */
export const texts = () => z.record(z.string(), z.string()).default({});

/** A part of a pod that Kubernetes itself defines and checks. */
export const kubernetes = () => z.record(z.string(), z.unknown());

/** A list of such parts. */
export const kubernetesList = () => z.array(kubernetes()).default([]);

/** Names of Secrets to pull images with. */
export const pullSecrets = () =>
  z.array(z.strictObject({ name: z.string().min(1).describe('Name of the Secret.') })).default([]);

/** Requests and limits; one without the other is fine. */
export function resources(preset: { requests: Record<string, string>; limits: Record<string, string> }) {
  const quantities = z.record(z.string(), z.union([z.string(), z.number()]));
  return z.strictObject({
    requests: quantities.default(preset.requests).describe('What the scheduler keeps for the container.'),
    limits: quantities.default(preset.limits).describe('What the container may not exceed.'),
    claims: kubernetesList().describe('Claims of dynamic resources.'),
  }).prefault({});
}

/** What the container may do to its node; Pod Security "restricted" by default. */
export const securityContext = () =>
  kubernetes().default({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });

/** Whom the pod runs as; Pod Security "restricted" by default. */
export const podSecurityContext = () =>
  kubernetes().default({
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  });

interface ImagePreset {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** What an empty tag stands for. */
  readonly emptyTag: string;
}

const imageFields = ({ registry, repository, tag, emptyTag }: ImagePreset) => ({
  registry: z.string().regex(/^[-a-zA-Z0-9.:[\]]*$/).default(registry)
    .describe('Host of the registry, with a port if it has one of its own.'),
  repository: z.string().regex(/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/).default(repository).describe(
    'Path of the image on the registry.',
  ),
  tag: z.string().regex(/^(\w[-.\w]{0,127})?$/).default(tag).describe(`Tag; ${emptyTag}.`),
  digest: optional(/sha256:[0-9a-f]{64}/).default('')
    .describe('Digest, as in sha256:…; pulls exactly this image, whatever the tag says.'),
});

/** An image that workers use, who say themselves when it is pulled. */
export const image = (preset: ImagePreset) => z.strictObject(imageFields(preset)).prefault({});

/** An image of a pod of the chart. */
export const pulledImage = (preset: ImagePreset) =>
  z.strictObject({
    ...imageFields(preset),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe(
      'When the kubelet pulls it.',
    ),
  }).prefault({});
