/** How code of workers that is elsewhere is resolved. */
import { z } from 'zod';
import { defaultJobResources } from '../../operator/code-flags.ts';
import { dataKey, optional, optionalName } from './words.ts';

const quantities = (preset: Readonly<Record<string, string>>) =>
  z.record(z.string(), z.union([z.string(), z.number()])).default(preset);
const proxy = () => optional(/https?:\/\/[^\s/?#@]+\/?/).default('');
const registry = () => optional(/https?:\/\/[^\s?#@]+/).default('');

/** Jobs, and the registries their code is from. */
export const code = z.strictObject({
  jobs: z.boolean().default(true).describe(
    'Let a short-lived Job, in the namespace of the worker, resolve spec.source.url, release and git.',
  ),
  resources: z.strictObject({
    requests: quantities(defaultJobResources.requests).describe('What the scheduler keeps for it.'),
    limits: quantities(defaultJobResources.limits).describe('What it may not exceed.'),
  }).prefault({}).describe('Resources of such a Job.'),
  proxy: z.strictObject({
    http: proxy().describe('Proxy by which such a Job reaches http addresses, without a login.'),
    https: proxy().describe('Proxy by which it reaches https addresses, without a login.'),
    noProxy: z.array(z.string().regex(/^[^\s,]+$/)).default([]).describe(
      'Hosts it reaches without one: names, .example.com for all below, addresses.',
    ),
  }).prefault({}).describe('Proxies between such a Job and the hosts of code; its NetworkPolicy opens them too.'),
  caConfigMap: z.strictObject({
    name: optionalName().default('').describe(
      'Name of the ConfigMap, in the namespace of the release; none when empty.',
    ),
    key: dataKey('ca.crt').describe(
      'Its key with the certificates in PEM, which is followed: a new one needs no restart.',
    ),
  }).prefault({}).describe('Authorities such a Job trusts beside the public ones, for hosts of code of your own.'),
  registry: z.strictObject({
    repository: optional(/(http:\/\/)?[a-z0-9][a-z0-9.:-]*\/[a-z0-9][a-z0-9._/-]*/).default('').describe(
      'Repository of an OCI registry to keep bundles in, as host/path; in ConfigMaps when empty. Pods mount them as images, which takes Kubernetes 1.35, or 1.33 with the feature ImageVolume.',
    ),
    pushSecret: optionalName().default('').describe(
      'Secret of type kubernetes.io/dockerconfigjson, in the namespace of the release, with a login that may push there; read anew each time. Nodes pull by their own login, or by spec.pod.imagePullSecrets of a worker.',
    ),
  }).prefault({}).describe('Where bundles are kept instead of ConfigMaps.'),
  npmRegistry: registry().describe('Where that code has npm: packages from; the public registry when empty.'),
  jsrRegistry: registry().describe('Where that code has jsr: packages from; the public registry when empty.'),
}).prefault({}).describe('Code of workers that is elsewhere.');
