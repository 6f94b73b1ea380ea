/** What must hold between Deno's answers and the policy, for every dial of a case. */
import { denoAllows } from '../../operator/redisworker/network/allow-net/deno-allows.ts';
import { policyAllows, type Target } from './policy-allows.ts';
import type { Dial, NetCase } from './net-cases.ts';
import { type CaseMirror, packetsOf } from './net-mirror.ts';
import { isPublic, type Way } from './net-world.ts';

/** A dial and one way it can go, and whether Deno grants that. */
export interface Tried extends Way {
  readonly dial: Dial;
  readonly granted: boolean;
}

/** What is wrong with the mirror of a case, as sentences. */
export function faultsOf(given: NetCase, mirror: CaseMirror, all: readonly Tried[]): string[] {
  return [...misread(mirror, all), ...closed(mirror, all), ...opened(given, mirror, all), ...leaked(given, mirror)];
}

/** `address:port` with brackets around IPv6, as Deno writes it. */
export function hostPort({ ip, port }: Pick<Target, 'ip' | 'port'>): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/** Where our reading of the lists differs from Deno's. */
function misread({ allowed, denied }: CaseMirror, all: readonly Tried[]): string[] {
  return all.filter(({ dial: { host, port }, address, granted }) =>
    denoAllows(allowed, denied, host, port, [address]) !== granted
  )
    .map(({ dial, address, granted }) =>
      `Deno ${granted ? 'grants' : 'refuses'} ${dial.host}:${dial.port} at ${address}, and we read otherwise`
    );
}

/** What Deno grants and the policy closes, though no approximation says so. */
function closed({ policy, wholly, denied }: CaseMirror, all: readonly Tried[]): string[] {
  return all.filter(({ packets, granted }) => granted && packets.some((packet) => !policyAllows(policy.spec, packet)))
    .filter(({ dial: { host, port }, address }) => denoAllows(wholly(address), denied, host, port, [address]))
    .map(({ dial, address }) =>
      `Deno grants ${dial.host}:${dial.port} at ${address}, and the policy closes where it leads`
    );
}

/** What the policy opens and no dial that Deno grants leads to, though no approximation says so. */
function opened(given: NetCase, { narrowRules }: CaseMirror, all: readonly Tried[]): string[] {
  const reached = new Set(all.filter(({ granted }) => granted).flatMap(({ packets }) => packets.map(hostPort)));
  return packetsOf(given).filter((packet) =>
    !reached.has(hostPort(packet)) && policyAllows({ egress: narrowRules }, packet)
  )
    .map((packet) => `the policy opens ${hostPort(packet)}, and Deno grants nothing that leads there`);
}

/** What is open for the sake of a name outside and is not public: a name must not lead into the cluster. */
function leaked(given: NetCase, { outsideRules }: CaseMirror): string[] {
  return packetsOf(given).filter((packet) =>
    policyAllows({ egress: outsideRules }, packet) && !isPublic(given.world, packet.ip)
  )
    .map((packet) => `the policy opens ${hostPort(packet)}, which is not public, for a name outside the cluster`);
}
