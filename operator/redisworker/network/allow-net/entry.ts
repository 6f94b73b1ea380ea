/** One entry of a scope: what a worker may connect to, in the words of Deno's `--allow-net`. */

/** A parsed, canonical entry. An absent `port` stands for every port. */
export type NetEntry = NameEntry | WildcardEntry | IpEntry | CidrEntry | LoopbackEntry | UnixEntry | VsockEntry;

/** A host name, lower case, without a trailing dot; compared as text, never resolved by Deno's check. */
export interface NameEntry {
  readonly kind: 'name';
  readonly host: string;
  readonly port?: number;
}

/** `*.suffix`: the suffix itself and every name below it, at any depth. */
export interface WildcardEntry {
  readonly kind: 'wildcard';
  readonly suffix: string;
  readonly port?: number;
}

/** One address in canonical text, IPv6 without brackets. */
export interface IpEntry {
  readonly kind: 'ip';
  readonly address: string;
  readonly port?: number;
}

/** An IPv4 block in canonical text, host bits cleared; Deno has no form for IPv6 blocks. */
export interface CidrEntry {
  readonly kind: 'cidr';
  readonly cidr: string;
  readonly port?: number;
}

/** `:port`: that port on 0.0.0.0, 127.0.0.1 and localhost. */
export interface LoopbackEntry {
  readonly kind: 'loopback';
  readonly port: number;
}

/** A Unix socket by absolute path. */
export interface UnixEntry {
  readonly kind: 'unix';
  readonly path: string;
}

/** A VM socket; context id -1 stands for any. */
export interface VsockEntry {
  readonly kind: 'vsock';
  readonly cid: number;
  readonly port: number;
}

/** The entries of a worker, sorted by their text and free of duplicates. */
export type Scope = readonly NetEntry[];

/** An entry, or one sentence that names the entry, the rule it breaks and the fix. */
export type ParsedEntry =
  | { readonly ok: true; readonly entry: NetEntry }
  | { readonly ok: false; readonly problem: string };
