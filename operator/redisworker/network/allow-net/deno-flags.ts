/** The lists a worker's Deno process gets. Neither is ever written when empty: `--allow-net=` is an error. */
import type { HostPort } from '../../../../contract/host-port.ts';
import { canonicalScope, formatScope, parseScope } from './canonical.ts';
import { withMetadataDenied } from './deny.ts';
import type { ParsedEntry, Scope } from './entry.ts';
import { parseEntry } from './parse.ts';

/**
 * The list of `--allow-net`, to be joined by commas: the scope, the servers of the worker's Redis and what the
 * runtime itself needs. A worker that is allowed everything gets the bare flag instead.
 * @param extra entries of the runtime, for example the address its health endpoint listens on
 * @throws Error when the Redis host or an extra entry is none Deno takes
 */
export function denoNetFlag(scope: Scope, redis: readonly HostPort[], extra: readonly string[]): string[] {
  const own = parseScope([...redis.map(redisText), ...extra]);
  if (!own.ok) throw new Error(own.problems.join('; '));
  return formatScope(canonicalScope([...scope, ...own.scope]));
}

/** The list of `--deny-net`, never empty: the worker's own denials and the metadata addresses of clouds. */
export function denoDenyFlag(scope: Scope, deny: Scope): string[] {
  return formatScope(canonicalScope(withMetadataDenied(scope, deny)));
}

/** A server of the worker's Redis as an entry of a scope; an IPv6 host with or without brackets. */
export function redisEntry(server: HostPort): ParsedEntry {
  return parseEntry(redisText(server));
}

function redisText({ host, port }: HostPort): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
