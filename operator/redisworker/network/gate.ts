/** Which worker gets a network gate, and why others get none. Pure; what a gate is stands in contract/gate.ts. */
import type { Enforcement } from '../../../contract/pod.ts';
import { parseAddress } from './allow-net/address.ts';
import { formatEntry } from './allow-net/canonical.ts';
import { denoAllows } from './allow-net/deno-allows.ts';
import type { IpEntry, NameEntry, NetEntry, Scope } from './allow-net/entry.ts';
import type { NameRules } from './allow-net/outside.ts';
import { parseEntry } from './allow-net/parse.ts';
import { isPublic } from './allow-net/public-address.ts';

/** What is known of the engine behind NetworkPolicies: nothing before somebody looks, or that there is none. */
export type PolicyEnforcement = 'Unverified' | 'None';

/** The port of the operator that every closed network refuses, as pods dial it. */
export type Canary = (NameEntry | IpEntry) & { readonly port: number };

/** A gate, or the reason for none: the reason of the condition NetworkPolicyEnforced. */
export type GatePlan =
  | { readonly kind: 'on'; readonly canary: string; readonly enforcement: Enforcement }
  | {
    readonly kind: 'off';
    readonly reason: 'NotEnforcedHere' | 'CanaryNotConfigured' | 'CanaryInScope' | 'CanaryDenied';
    readonly message: string;
  };

/** What the operator was started with. */
export interface GateDefaults {
  readonly policyEnforcement: PolicyEnforcement;
  readonly canary: Canary | undefined;
}

/** What of a spec decides. */
export interface GateSpec {
  readonly enforcement: Enforcement;
  readonly scope: Scope;
  readonly deny: Scope;
  readonly allowAllNet: boolean;
  /** How names outside the cluster are opened; by their addresses when absent. */
  readonly outsideNames?: NameRules['mode'];
}

/** Reads `host:port`, an IPv6 host in brackets; undefined when it is neither a name nor an address with a port. */
export function parseCanary(text: string): Canary | undefined {
  const parsed = parseEntry(text);
  if (!parsed.ok || (parsed.entry.kind !== 'name' && parsed.entry.kind !== 'ip')) return undefined;
  const { entry } = parsed;
  return entry.port === undefined ? undefined : { ...entry, port: entry.port };
}

/** The host of a canary, IPv6 without brackets. */
export function hostOf(canary: Canary): string {
  return canary.kind === 'name' ? canary.host : canary.address;
}

/** Decides on the gate. It follows from names and ports alone, so that an operator that moved replaces no pod. */
export function gatePlan(
  { enforcement, scope, deny, allowAllNet, outsideNames }: GateSpec,
  { policyEnforcement, canary }: GateDefaults,
): GatePlan {
  if (policyEnforcement === 'None') {
    return off(
      'NotEnforcedHere',
      'local mode has no pod network: the policy is rendered, only Deno enforces the scope',
    );
  }
  if (!canary) {
    return off(
      'CanaryNotConfigured',
      'the operator was started without --canary-address, so nobody can tell whether the cluster enforces NetworkPolicies; Deno enforces the scope in any case',
    );
  }
  const text = formatEntry(canary);
  if (allowAllNet) {
    return off(
      'CanaryInScope',
      `permissions.allowAllNet opens everything, the operator's canary ${text} too: there is nothing to verify`,
    );
  }
  const opening = scope.find((entry) =>
    covers(entry, canary) || (outsideNames === 'OpenPort' && opensItsPort(entry, canary))
  );
  if (opening) {
    return off(
      'CanaryInScope',
      `"${
        formatEntry(opening)
      }" in permissions.net may open the operator's canary ${text} too, which then verifies nothing: give that entry the port it needs`,
    );
  }
  const denying = deny.find((entry) => covers(entry, canary));
  if (denying) {
    return off(
      'CanaryDenied',
      `"${
        formatEntry(denying)
      }" in permissions.denyNet may cover the operator's canary ${text}, which Deno then never dials: give that entry the port it means`,
    );
  }
  return { kind: 'on', canary: text, enforcement };
}

/** True when the entry may cover the canary: for one given by name that is any block that says its port, or none. */
function covers(entry: NetEntry, canary: Canary): boolean {
  if (denoAllows([entry], [], hostOf(canary), canary.port)) return true;
  return canary.kind === 'name' && entry.kind === 'cidr' && (entry.port === undefined || entry.port === canary.port);
}

/** Under OpenPort a name opens its port to every public address; a canary given by name lies in the cluster. */
function opensItsPort(entry: NetEntry, canary: Canary): boolean {
  if (entry.kind !== 'name' && entry.kind !== 'wildcard') return false;
  const address = canary.kind === 'ip' ? parseAddress(canary.address) : undefined;
  return address !== undefined && isPublic(address, []) && (entry.port === undefined || entry.port === canary.port);
}

function off(reason: Extract<GatePlan, { kind: 'off' }>['reason'], message: string): GatePlan {
  return { kind: 'off', reason, message };
}
