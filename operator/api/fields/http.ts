/** `spec.http`: the Service in front of a worker, and who may call it. */
import { z } from 'zod';
import { labelsOf, listOf, text, whole } from '../bounded.ts';
import { matches, type Rule, withRules } from '../rules.ts';

/** Peers that may be named, and labels of one. */
const maxPeers = 16;
const maxLabels = 8;

const selector = z.object({
  matchLabels: labelsOf(maxLabels).default({}).describe('Labels that must all be there with exactly these values.'),
});

const block = withRules(
  text(64),
  matches(
    '^[0-9A-Fa-f.:]+/[0-9]{1,3}$',
    'a block of http.from must be an address with the length of its prefix, for example 10.0.0.0/8',
  ),
);

interface PeerOfAnyKind {
  readonly podSelector?: unknown;
  readonly namespaceSelector?: unknown;
  readonly ipBlock?: unknown;
}

const podsOrAddresses: Rule<PeerOfAnyKind> = {
  rule: 'has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))',
  message:
    'each peer of http.from names pods by podSelector, namespaceSelector or both, or addresses by ipBlock alone: keep the one you mean',
  holds: ({ podSelector, namespaceSelector, ipBlock }) =>
    (ipBlock !== undefined) !== (podSelector !== undefined || namespaceSelector !== undefined),
};

const peer = withRules(
  z.object({
    podSelector: selector.exactOptional().describe(
      'Pods with these labels; of the namespace of the worker unless namespaceSelector says more.',
    ),
    namespaceSelector: selector.exactOptional().describe('Namespaces with these labels; {} for all of them.'),
    ipBlock: z.object({
      cidr: block.describe('Addresses outside the cluster, such as 10.0.0.0/8.'),
      except: listOf(block, 8).default([]).describe('Blocks within it that may not.'),
    }).exactOptional().describe('A block of addresses; no pods.'),
  }),
  podsOrAddresses,
);

/** How a worker is called over HTTP. */
export const http = z.object({
  port: whole(1, 65_535).default(80).describe('Port of the Service.'),
  from: listOf(peer, maxPeers).min(1).default([{ podSelector: { matchLabels: {} } }]).describe(
    'Who may call, as in a NetworkPolicy; the pods of the same namespace when absent.',
  ),
});
