/** `spec.permissions` and `spec.networkPolicy`: what the worker's code may do and reach. */
import { z } from 'zod';
import { env } from '../../../contract/pod.ts';
import { setOf, text } from '../bounded.ts';
import { matches, never, type Rule, withRules } from '../rules.ts';
import { netEntry } from './net-entry.ts';

/** What Deno, the loader of programs and our runtime read: for a wildcard, one of each family is enough. */
const ownNames = [
  ...Object.values(env),
  'PATH',
  'HOME',
  'TMPDIR',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'LD_PRELOAD',
  'DENO_DIR',
];

const notOurs: Rule<string> = {
  rule: `!self.matches(r'^(LD|DENO)_') && ![${
    ownNames.map((name) => `'${name}'`).join(', ')
  }].exists(name, self == name || (self.endsWith('*') && name.startsWith(self.substring(0, size(self) - 1))))`,
  message:
    'permissions.env must not name a variable of the runtime, of Deno or of the loader, by a "*" neither: give what the code needs in a Secret named by secretRef, or choose a narrower "*"',
  holds: (entry) =>
    !/^(LD|DENO)_/.test(entry) &&
    !ownNames.some((name) => entry === name || (entry.endsWith('*') && name.startsWith(entry.slice(0, -1)))),
};

const netEntries = () => setOf(netEntry, 256).default([]);

/** Deno's permissions; `net` and `denyNet` also shape the NetworkPolicy. */
export const permissions = z
  .object({
    net: netEntries().describe(
      'Hosts the worker may reach: host, host:port, *.domain, IPv4, [IPv6], IPv4 range. Redis is always among them.',
    ),
    denyNet: netEntries().describe('Hosts the worker may not reach although net allows them.'),
    env: setOf(
      withRules(
        text(256),
        matches(
          '^[A-Za-z_][A-Za-z0-9_]*[*]?$',
          'permissions.env must name environment variables: letters, digits and "_", with a "*" at the end at most',
        ),
        never(
          '^([hH][tT][tT][pP][sS]?|[aA][lL][lL]|[nN][oO])_[pP][rR][oO][xX][yY]$',
          'permissions.env must not name a proxy variable: Deno would send requests to that proxy past permissions.net; pass the address to Deno.createHttpClient, and add it to permissions.net',
        ),
        notOurs,
      ),
      256,
    )
      .default([])
      .describe('Environment variables the worker may read.'),
    outsideNames: z
      .enum(['Resolve', 'OpenPort', 'Refuse'])
      .default('Resolve')
      .describe(
        'How names outside the cluster become policy: by the addresses they resolve to, by their port to every public address (which wildcards need), or not at all. Flavor Cilium holds names itself and has no use for OpenPort.',
      ),
    allowAllNet: z.enum(['Denied', 'Granted']).default('Denied').describe(
      'Granted lets the worker reach everything; net is not looked at then.',
    ),
  })
  .prefault({});

/** What is expected of the cluster's network. */
export const networkPolicy = z
  .object({
    enforcement: z
      .enum(['BestEffort', 'Required'])
      .default('BestEffort')
      .describe('Required keeps the worker from starting where the network enforces no policy.'),
    flavor: z.enum(['Kubernetes', 'Cilium']).default('Kubernetes').describe(
      'Kind of policy to write; Cilium needs Cilium 1.16 or newer.',
    ),
  })
  .prefault({});
