/** What code is asked for from elsewhere: a plain value that travels to whoever resolves it. Pure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Where a module starts: an address, or a file of a Git repository at a branch, tag or commit. */
const entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('url'), url: z.string() }),
  z.object({ kind: z.literal('git'), url: z.string(), ref: z.string(), path: z.string() }),
]);

export const codeRequest = z.object({
  entry,
  /** `sha256-<base64>` of the module at the entry as it is served, or of the bundle. */
  integrity: z.string().exactOptional(),
  /** Text of a deno.lock that has everything the module imports. */
  lock: z.string().exactOptional(),
  /** Text of an import map; relative addresses in it are meant from the entry. */
  importMap: z.string().exactOptional(),
  /** Hosts modules may be imported from beside the entry's own; absent: those Deno allows by default. */
  importHosts: z.array(z.string()).exactOptional(),
  /** Types of the author's own modules are checked, and a fault of them refused. */
  typeCheck: z.literal('Enabled').exactOptional(),
  /** Addresses of the registries of npm and JSR; absent: the public ones. */
  registries: z.object({ npm: z.string().exactOptional(), jsr: z.string().exactOptional() }),
  /** The Secret whose credentials the entry's host is shown: which one, and nothing of what is in it. */
  credentials: z.object({ namespace: z.string(), name: z.string() }).exactOptional(),
});

/** Everything that shapes the result, and no secret. Has no field that is undefined. */
export type CodeRequest = z.infer<typeof codeRequest>;

/** What the entry's host alone is shown. Never part of a request, an address, a hash, an argument or a log line. */
export const codeCredentials = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), token: z.string() }),
  z.object({ kind: z.literal('basic'), username: z.string(), password: z.string() }),
]);

/** A token, sent as `Bearer`, and to a Git host as a password; or a name and a password. */
export type CodeCredentials = z.infer<typeof codeCredentials>;

/** What the resolver program reads: one JSON value. */
export const resolverInput = z.object({ request: codeRequest, credentials: codeCredentials.exactOptional() });

/** See {@link resolverInput}. */
export type ResolverInput = z.infer<typeof resolverInput>;

/** `sha256-<hex>` of a request: the same for requests that must have the same result. */
export function requestDigest(request: CodeRequest): string {
  const { entry: from, integrity, lock, importMap, importHosts, typeCheck, registries, credentials } = request;
  const place = from.kind === 'url' ? [from.url] : [from.url, from.ref, from.path];
  const parts = [
    from.kind,
    place,
    integrity ?? null,
    lock ?? null,
    importMap ?? null,
    importHosts === undefined ? null : [...importHosts].sort(),
    [registries.npm ?? null, registries.jsr ?? null],
    credentials === undefined ? null : [credentials.namespace, credentials.name],
    ...(typeCheck === undefined ? [] : [typeCheck]),
  ];
  return `sha256-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}

/** What Deno imports from when it is told nothing. */
export const defaultImportHosts: readonly string[] = [
  'deno.land:443',
  'jsr.io:443',
  'esm.sh:443',
  'raw.esm.sh:443',
  'cdn.jsdelivr.net:443',
  'raw.githubusercontent.com:443',
  'gist.githubusercontent.com:443',
];

const publicNpm = 'https://registry.npmjs.org/';

/** `host:port` of everything modules may be imported from, the entry's own host first. */
export function importHostsOf({ entry: from, importHosts, registries }: CodeRequest): readonly string[] {
  const own = from.kind === 'url' ? [hostOf(from.url)] : [];
  const jsr = registries.jsr === undefined ? [] : [hostOf(registries.jsr)];
  return [...new Set([...own, ...importHosts ?? defaultImportHosts, ...jsr])];
}

/** `host[:port]` of everything the resolver program dials: what a policy for it has to open, beside DNS. */
export function dialledHostsOf(request: CodeRequest): readonly string[] {
  const { entry: from, registries } = request;
  const git = from.kind === 'git' ? [hostOf(from.url)] : [];
  return [...new Set([...git, ...importHostsOf(request), hostOf(registries.npm ?? publicNpm)])];
}

/** `host:port` of an address; IPv6 addresses keep their brackets. */
export function hostOf(address: string): string {
  const { hostname, port, protocol } = new URL(address);
  return `${hostname}:${port === '' ? (protocol === 'http:' ? 80 : 443) : port}`;
}
