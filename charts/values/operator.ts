/** The operator's own flags, as far as an admin decides on them; each is named as its flag is. */
import { z } from 'zod';
import { deniablePodFields } from '../../operator/redisworker/model/blueprint.ts';
import { optional } from './words.ts';

/** Flags of the operator. */
export const flags = {
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('How much the operator logs.'),
  concurrency: z.int().min(1).max(9999).default(16).describe('Reconciles that run at once.'),
  defaultRedisNamespaces: z.array(z.string().regex(/^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|\*)$/)).default([]).describe(
    'Namespaces, or ["*"], whose workers share the operator\'s login where its Redis gives them none of their own.',
  ),
  redisPasswordMaxAge: optional(/[1-9]\d{0,4}[mhd]/).default('').describe(
    "Age at which the password of a worker's own Redis user is replaced, as in 30d; never when empty.",
  ),
  redisHosts: z.array(z.string().min(1)).default([]).describe(
    'Hosts spec.redis may name: names, *.example.com, addresses or CIDRs; when empty all but loopback, link-local and metadata addresses, the API server and the Redis of the operator.',
  ),
  secretConsentLabel: z.string().default('').describe(
    'Label, as key or key=value, a Secret has to carry before a worker may refer to it; none when empty.',
  ),
  denyPodFields: z.array(z.enum(deniablePodFields)).default([]).describe('Fields of spec.pod no worker may set.'),
  clusterCidrs: z.array(z.string().min(1)).default([]).describe(
    'Blocks of pod, Service or node addresses that no name outside opens, where those are not private.',
  ),
  searchDomains: z.array(z.string().min(1)).default([]).describe(
    "Search domains of the nodes' resolv.conf, which Cilium policies have to name.",
  ),
  dnsServer: z.string().default('').describe(
    "DNS server, as address:port, to ask for names outside the cluster; the cluster's own when empty.",
  ),
};
