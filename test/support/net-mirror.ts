/** What the operator makes of a case: Deno's flags and the policy. */
import { parseBlock } from '../../operator/redisworker/network/allow-net/address.ts';
import { formatEntry, formatScope, parseScope } from '../../operator/redisworker/network/allow-net/canonical.ts';
import { denoDenyFlag, denoNetFlag } from '../../operator/redisworker/network/allow-net/deno-flags.ts';
import { withMetadataDenied } from '../../operator/redisworker/network/allow-net/deny.ts';
import type { EgressRule } from '../../operator/redisworker/network/allow-net/egress.ts';
import type { NetEntry, Scope } from '../../operator/redisworker/network/allow-net/entry.ts';
import type { NameRules } from '../../operator/redisworker/network/allow-net/outside.ts';
import type { Target } from './policy-allows.ts';
import { type Approximation, translate } from '../../operator/redisworker/network/allow-net/translate.ts';
import { clusterDns, networkPolicy } from '../../operator/redisworker/desired/network-policy.ts';
import { dialsOf, type NetCase, ports } from './net-cases.ts';
import { addressesOf, home, isLocal, isPublic, packetTo, topologyOf, type World } from './net-world.ts';

const health = ':8085';

/** A worker's lists, and all that comes of them. */
export interface CaseMirror {
  /** What Deno gets allowed and denied, in our reading of it. */
  readonly allowed: Scope;
  readonly denied: Scope;
  readonly allowFlag: string;
  readonly denyFlag: string;
  readonly policy: ReturnType<typeof networkPolicy>['policy'];
  /** The part of {@link CaseMirror.allowed} of which the policy is not said to close an address. */
  readonly wholly: (address: string) => Scope;
  /** The rules of what the policy is not said to open too widely. */
  readonly narrowRules: readonly EgressRule[];
  /** The rules of what is said to be opened for names outside the cluster, by whatever means. */
  readonly outsideRules: readonly EgressRule[];
}

/** Does for a case what the operator does for a worker. */
export function mirrorOf({ world, allow, deny, redis, asWritten, outsideNames }: NetCase): CaseMirror {
  const [scope, refused] = [scopeOf(allow), scopeOf(deny)];
  const topology = topologyOf(world, { resolved: outsideNames === 'Resolve' });
  const rules: NameRules = {
    mode: outsideNames === 'OpenPort' ? outsideNames : 'Resolve',
    answers: 'Public',
    closed: world.closed.flatMap((block) => parseBlock(block) ?? []),
  };
  const owner = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', name: 'w', uid: 'u' };
  const { policy } = networkPolicy({
    name: 'w',
    namespace: home,
    owner,
    labels: {},
    scope,
    deny: refused,
    allowAll: false,
    redis: redis.map(({ host, port }) => ({ host: host.replace(/^\[(.*)\]$/, '$1'), port, addresses: [] })),
    topology,
    dns: clusterDns,
    outsideNames: rules.mode,
    clusterBlocks: rules.closed,
  });
  const denied = withMetadataDenied(scope, refused);
  const { approximations } = translate(scope, denied, topology, rules);
  const wider = approximations.filter(({ reason, by }) => by !== 'NameResolved' && !/not opened(;|$)/.test(reason));
  const own = scopeOf(denoNetFlag([], redis, [health]));
  return {
    allowed: [...scope, ...own],
    denied,
    policy,
    allowFlag: (asWritten ? [...allow, ...formatScope(own)] : denoNetFlag(scope, redis, [health])).join(','),
    denyFlag: (asWritten ? [...deny, ...denoDenyFlag(scope, [])] : denoDenyFlag(scope, refused)).join(','),
    wholly: (address) => [...without(scope, approximations.filter((one) => tellsClosed(world, one, address))), ...own],
    narrowRules: translate(without(scope, wider), denied, topology, rules).rules,
    outsideRules: translate(scope.filter((entry) => isOutside(entry, approximations)), denied, topology, rules).rules,
  };
}

function without(scope: Scope, told: readonly Approximation[]): Scope {
  return scope.filter((entry) => !told.some((one) => one.entry === formatEntry(entry)));
}

/** True for an entry of which nothing but names outside is opened. */
function isOutside(entry: NetEntry, approximations: readonly Approximation[]): boolean {
  const own = approximations.filter((one) => one.entry === formatEntry(entry));
  return own.length > 0 && own.every(({ by }) => by !== undefined);
}

/** Whether an approximation says that its entry is closed at an address: where names are opened, at some alone. */
function tellsClosed(world: World, { reason, by }: Approximation, address: string): boolean {
  if (by === undefined) return /not opened|nothing/.test(reason);
  if (by !== 'NameResolved') return reason.includes('open to every public address') && !isPublic(world, address);
  const told = /; (.*) among its addresses (?:is|are) not public and not opened/.exec(reason)?.[1] ?? '';
  return told.split(', ').includes(address);
}

/**
 * Every packet worth trying in a case: to each address a dial may lead to or that lies behind one, on each port.
 * Addresses of Services are none of them: a packet to one has another address by the time a policy sees it.
 */
export function packetsOf(netCase: NetCase): Target[] {
  const { world } = netCase;
  const dialled = new Set(dialsOf(netCase).map(({ host }) => host));
  const behind = [
    ...world.pods.map(({ ip }) => ip),
    ...Object.values(world.endpoints).flat().flatMap(({ addresses }) => addresses),
  ];
  const services = new Set(Object.values(world.services).map(({ clusterIP }) => clusterIP));
  const addresses = new Set([...[...dialled].flatMap((host) => addressesOf(world, host)), ...behind]
    .filter((address) => !isLocal(address) && !services.has(address)));
  return [...addresses].flatMap((ip) => ports.map((port) => packetTo(world, ip, port)));
}

/** The text of a case as somebody would write it down. */
export function textOf({ allow, deny, asWritten, outsideNames }: NetCase): string {
  return `--allow-net=${allow.join(',')} --deny-net=${deny.join(',')}${
    asWritten ? ' as written' : ''
  }, names ${outsideNames}`;
}

function scopeOf(entries: readonly string[]): Scope {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}
