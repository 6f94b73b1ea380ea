/** `spec.permissions`, `spec.denoOptions` and `spec.networkPolicy`: what the worker's code may do and reach. */
import { z } from 'zod';
import { listOf, setOf, text } from '../bounded.ts';
import { matches, never, withRules } from '../rules.ts';

const maxNetEntries = 256;
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** What Deno refuses, or takes and never matches; the first broken rule names the mistake. */
const netEntry = withRules(
  text(256),
  never('[\\s,]', 'a network entry must be one host without spaces and commas: write one list item per host'),
  never('://', 'a network entry must be host or host:port, not a URL: leave out the scheme and the path'),
  never('@', 'a network entry must not carry credentials: write host or host:port'),
  matches('^(unix:/.*|[^/]*|[0-9.]+/([0-9]|[12][0-9]|3[0-2])(:[^/]*)?)$', 'a network entry has a "/" only in an IPv4 range such as 10.0.0.0/8: leave out the path; IPv6 ranges do not exist in Deno'),
  matches('^(unix:.*|[!-~]*)$', 'a network entry must be ASCII: write an international name in its punycode form (xn--…)'),
  matches('^(unix:.*|[^*]*|[*][.][^*.:]+([.][^*.:]+)+(:.*)?)$', 'a wildcard in a network entry must be "*." and a domain of at least two labels, such as *.example.com: list the hosts, or grant everything with permissions.allowAllNet: Granted'),
  matches('^(unix:.*|vsock:.*|[^:]*|[^:]*:[^:]*|\\[[0-9A-Fa-f:.]+\\](:[^:]*)?)$', 'an IPv6 address in a network entry must stand in brackets, such as [2001:db8::1]:443'),
  matches(`^(unix:/.+|vsock:[0-9]+:[0-9]+|\\[.*\\]|[^:]+|.*:${port})$`, 'the port of a network entry must be one number from 1 to 65535: leave out ":" for every port, list ports one by one'),
  matches('^(unix:.*|vsock:.*|\\[.*|:.*|[^:]*/.*|([*][.])?[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?([.][A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)*[.]?(:.*)?)$', 'the host of a network entry must be a name of labels of letters, digits, "-" and "_", at most 63 characters each, or an IP address'),
);

const netEntries = () => setOf(netEntry, maxNetEntries).default([]);

/** Deno's permissions; `net` and `denyNet` also shape the NetworkPolicy. */
export const permissions = z
  .object({
    net: netEntries().describe('Hosts the worker may reach: host, host:port, *.domain, IPv4, [IPv6], IPv4 range. Redis is always among them.'),
    denyNet: netEntries().describe('Hosts the worker may not reach although net allows them.'),
    env: setOf(
      withRules(text(256), matches('^[A-Za-z_][A-Za-z0-9_]*[*]?$', 'permissions.env must name environment variables: letters, digits and "_", with a "*" at the end at most')),
      256,
    )
      .default([])
      .describe('Environment variables the worker may read.'),
    names: z
      .enum(['Resolve', 'OpenPort', 'Refuse'])
      .default('Resolve')
      .describe('How names outside the cluster become policy: their addresses, their port to every address outside, or not at all.'),
    allowAllNet: z.enum(['Denied', 'Granted']).default('Denied').describe('Granted lets the worker reach everything; net is not looked at then.'),
  })
  .prefault({});

/** Flags of `deno run`. They are joined by spaces in the config hash, so none may hold one. */
export const denoOptions = listOf(
  withRules(
    text(512),
    never('^(--(allow|deny|ignore)-|-[a-zA-Z]*[APRWINES]|--permission-set)', 'denoOptions must not change permissions: use spec.permissions'),
    matches('^--?[a-zA-Z][^\\s]*$', 'each of denoOptions must be one flag without spaces, such as --seed=42: a value is joined to its flag by "="'),
  ),
  64,
).default([]);

/** What is expected of the cluster's network. */
export const networkPolicy = z
  .object({
    enforcement: z
      .enum(['BestEffort', 'Required'])
      .default('BestEffort')
      .describe('Required keeps the worker from starting where the network enforces no policy.'),
    flavor: z.enum(['Kubernetes', 'Cilium']).default('Kubernetes').describe('Kind of policy to write.'),
  })
  .prefault({});
