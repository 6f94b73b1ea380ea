/** The flags that shape the objects of workers: the operator takes them, and so does whoever renders its objects. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type ConsentLabel,
  type DeniablePodField,
  deniablePodFields,
  type PodNetwork,
  podNetworks,
  type PodUser,
  podUsers,
} from './redisworker/model/blueprint.ts';
import { type Block, parseBlock } from './redisworker/network/allow-net/address.ts';
import { type Canary, parseCanary } from './redisworker/network/gate.ts';
import { type HostRule, parseHostRule } from './redisworker/network/redis-hosts.ts';
import { workerImage } from './version.ts';

/** The flags as they are given. */
export interface ObjectFlags {
  readonly workerImage: string;
  readonly searchDomain: readonly string[];
  readonly canaryAddress?: Canary;
  readonly clusterCidr: readonly Block[];
  readonly denyPodField: readonly DeniablePodField[];
  readonly redisHosts: readonly HostRule[];
  readonly secretConsentLabel?: ConsentLabel;
  readonly podNetwork: PodNetwork;
  readonly podUser: PodUser;
}

/** What they say. */
export interface ObjectSettings {
  readonly workerImage: string;
  /** Search domains of the nodes' own resolv.conf, which the kubelet adds to those of pods. */
  readonly searchDomains: readonly string[];
  /** What pods dial to find out whether their network is closed; undefined verifies nothing and listens nowhere. */
  readonly canary: Canary | undefined;
  /** Blocks of pods, Services and nodes that no name outside opens. */
  readonly clusterBlocks: readonly Block[];
  /** Fields of spec.pod no worker may set. */
  readonly deniedPodFields: readonly DeniablePodField[];
  /** Hosts spec.redis may name; all that are not closed when empty. */
  readonly redisHosts: readonly HostRule[];
  /** Label demanded of every Secret a spec refers to. */
  readonly secretConsent: ConsentLabel | undefined;
  readonly podNetwork: PodNetwork;
  readonly podUser: PodUser;
}

/** The settings out of the flags. */
export function readObjectFlags(flags: ObjectFlags): ObjectSettings {
  return {
    workerImage: flags.workerImage,
    searchDomains: flags.searchDomain,
    canary: flags.canaryAddress,
    clusterBlocks: flags.clusterCidr,
    deniedPodFields: flags.denyPodField,
    redisHosts: flags.redisHosts,
    secretConsent: flags.secretConsentLabel,
    podNetwork: flags.podNetwork,
    podUser: flags.podUser,
  };
}

const labelName = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const labelPattern = new RegExp(`^((?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${labelName})(?:=(${labelName}|))?$`);

/** Adds the flags. */
export function withObjectFlags(program: Command): Command {
  return program
    .option('--worker-image <image>', 'image of worker pods that name none; the default is on no registry', workerImage)
    .addOption(
      new Option(
        '--search-domain <domain>',
        "search domain of the nodes' resolv.conf, which Cilium policies have to name; may be given again",
      ).argParser(searchDomain).default([], 'none'),
    )
    .option(
      '--canary-address <host:port>',
      'this operator as pods dial it, to verify that policies hold: a name that leads to ready operators alone',
      canaryAddress,
    )
    .addOption(
      new Option(
        '--cluster-cidr <cidr>',
        'block of pod, Service or node addresses that no name opens, where those are not private; may be given again',
      ).argParser(cidr).default([], 'none'),
    )
    .addOption(
      new Option(
        '--deny-pod-field <field>',
        `field of spec.pod no worker may set: ${deniablePodFields.join(', ')}; may be given again`,
      ).argParser(podField).default([], 'none'),
    )
    .addOption(
      new Option(
        '--redis-hosts <host>',
        'host spec.redis may name: a name, *.example.com, an address or a CIDR; may be given again',
      ).argParser(hostRule).default(
        [],
        'all but loopback, link-local and metadata addresses, the API server and --redis',
      ),
    )
    .option(
      '--secret-consent-label <key[=value]>',
      'label a Secret has to carry before a worker may refer to it; with any value when none is given',
      consentLabel,
    )
    .addOption(
      new Option(
        '--pod-network <kind>',
        'Shared where the loopback of pods is that of this machine, so that a Redis on it is within their reach',
      ).choices(podNetworks).default('Own'),
    )
    .addOption(
      new Option(
        '--pod-user <whose>',
        'whom worker pods run as: Image, user 65532, or Assigned, whom the cluster gives them, as OpenShift does',
      ).choices(podUsers).default('Image'),
    );
}

function searchDomain(text: string, before: readonly string[]): string[] {
  const domain = text.toLowerCase().replace(/\.$/, '');
  if (!/^[a-z0-9_]([-a-z0-9_.]{0,251}[a-z0-9_])?$/.test(domain) || domain.includes('..')) {
    throw new InvalidArgumentError('must be a domain, such as eu-west-1.compute.internal');
  }
  return [...before, domain];
}

function canaryAddress(text: string): Canary {
  const canary = parseCanary(text);
  if (!canary) throw new InvalidArgumentError('must be host:port, such as redisworker-canary.redisworker.svc:8086');
  return canary;
}

function cidr(text: string, before: readonly Block[]): readonly Block[] {
  const block = parseBlock(text);
  if (!block) throw new InvalidArgumentError('must be a block of addresses, such as 10.244.0.0/16 or 2001:db8::/48');
  return [...before, block];
}

function podField(text: string, before: readonly DeniablePodField[]): readonly DeniablePodField[] {
  const field = deniablePodFields.find((one) => one === text);
  if (!field) throw new InvalidArgumentError(`must be one of ${deniablePodFields.join(', ')}`);
  return [...before, field];
}

function hostRule(text: string, before: readonly HostRule[]): readonly HostRule[] {
  const rule = parseHostRule(text);
  if (!rule) throw new InvalidArgumentError('must be a host, such as redis.example.com, *.example.com or 10.1.0.0/16');
  return [...before, rule];
}

function consentLabel(text: string): ConsentLabel {
  const [, key, value] = labelPattern.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('must be a label, such as example.com/workers=allowed');
  return value === undefined ? { key } : { key, value };
}
