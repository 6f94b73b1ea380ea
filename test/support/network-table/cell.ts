/** A cell of the table: what two layers say to one connection. Pure. */
import { canonicalScope, parseScope } from '../../../operator/redisworker/network/allow-net/canonical.ts';
import { denoAllows } from '../../../operator/redisworker/network/allow-net/deno-allows.ts';
import type { NetworkPolicySpec } from '../../../operator/redisworker/desired/network-policy.ts';
import type { Scope } from '../../../operator/redisworker/network/allow-net/entry.ts';
import { parseEntry } from '../../../operator/redisworker/network/allow-net/parse.ts';
import { policyAllows } from '../policy-allows.ts';
import type { Column } from './columns.ts';

/** `raw`: what any program in the pod's network meets. `deno`: what the worker's code meets; `Denied` before a packet left. */
export interface Cell {
  readonly raw: 'Open' | 'Closed';
  readonly deno: 'Open' | 'Closed' | 'Denied';
}

/** What the two layers were given. */
export interface Layers {
  readonly policy: Pick<NetworkPolicySpec, 'egress'>;
  readonly flags: DenoFlags;
}

/** The network flags of a Deno process; everything is allowed where there is no list. */
export interface DenoFlags {
  readonly allow: Scope | 'all';
  readonly deny: Scope;
}

/** Reads the flags off a command line. @throws Error when an entry is none */
export function denoFlagsOf(command: readonly string[]): DenoFlags {
  const list = (flag: string): Scope =>
    command.flatMap((part) => (part.startsWith(`${flag}=`) ? scopeOf(part.slice(flag.length + 1)) : []));
  return { allow: command.includes('--allow-net') ? 'all' : list('--allow-net'), deny: list('--deny-net') };
}

function scopeOf(text: string): Scope {
  const parsed = parseScope(text.split(','));
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}

/** What a cell has to be: Deno's rule as we know it, and the policy as its specification reads. */
export function expectedCell({ policy, flags }: Layers, column: Column): Cell {
  const raw = column.seen === undefined || policyAllows(policy, column.seen) ? 'Open' : 'Closed';
  return { raw, deno: granted(flags, column) ? raw : 'Denied' };
}

function granted({ allow, deny }: DenoFlags, { host, port, address }: Column): boolean {
  return denoAllows(allow === 'all' ? itself(host, port) : allow, deny, host, port, [address]);
}

function itself(host: string, port: number): Scope {
  const parsed = parseEntry(`${host}:${port}`);
  if (!parsed.ok) throw new Error(parsed.problem);
  return canonicalScope([parsed.entry]);
}

/** Both open; the policy alone opens it; Deno alone allows it; closed by both. */
export type Sign = '●' | '◐' | '✕' | '·';

/** The cell in one character. */
export function signOf({ raw, deno }: Cell): Sign {
  if (deno === 'Denied') return raw === 'Open' ? '◐' : '·';
  return deno === 'Open' ? '●' : '✕';
}

/** A sentence about a cell that is not what it has to be. */
export function wrongCell(row: string, column: Column, expected: Cell, measured: Cell): string {
  return `${row} → ${column.title}: expected policy ${expected.raw} and worker ${expected.deno}, measured ${measured.raw} and ${measured.deno}`;
}
