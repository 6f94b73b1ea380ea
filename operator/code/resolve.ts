/** Resolves one request for code, in a folder that is gone afterwards. */
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialHost } from './credential-hosts.ts';
import type { DenoTool } from './deno.ts';
import type { ResolveOutcome } from './outcome.ts';
import { resolveRemote } from './remote.ts';
import { resolveRepository } from './repository.ts';
import type { CodeCredentials, ResolverInput } from './request.ts';
import { unresolvable } from './unresolvable.ts';

/** Milliseconds a repository may take. */
const longestFetchMs = 120_000;

/** What it is resolved with. */
export interface ResolveTools {
  /** The program. */
  readonly denoPath: string;
  /** A cache of Deno's that has the bundler, or gets it: of nothing else in there anything is used. */
  readonly seed?: string | undefined;
  /** Where the folder is made; that of the system unless given. */
  readonly temporary?: string | undefined;
  /** Declarations of the runtime's module, for requests that have types checked. */
  readonly runtimeTypes: string;
  /** Milliseconds each of Deno's runs may take; see {@link DenoTool}. */
  readonly longestRunMs?: number | undefined;
  /** How much memory there is; see {@link DenoTool}. */
  readonly memory?: string | undefined;
  /** Ends what is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Proxies and certificates for Deno, which has an empty environment else. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Resolves; whatever is wrong is an outcome. */
export async function resolveCode(
  { request, credentials }: ResolverInput,
  tools: ResolveTools,
): Promise<ResolveOutcome> {
  const unspeakable = credentials && credentialsProblem(credentials);
  if (unspeakable !== undefined) return { kind: 'failed', reason: 'SourceUnauthorized', sentence: unspeakable };
  const refused = unresolvable(request, credentials !== undefined);
  if (refused !== undefined) return refused;
  const folder = await mkdtemp(join(await realpath(tools.temporary ?? tmpdir()), 'redisworker-resolve-'));
  try {
    const cache = join(folder, 'cache');
    await mkdir(cache);
    if (tools.seed !== undefined) await shareBundler(tools.seed, cache);
    const { entry, registries: { npm, jsr } } = request;
    const isShown = credentials !== undefined && entry.kind === 'url';
    const deno: DenoTool = {
      path: tools.denoPath,
      cache,
      ...(tools.longestRunMs === undefined ? {} : { longestRunMs: tools.longestRunMs }),
      memory: tools.memory,
      environment: {
        ...tools.environment,
        DENO_NO_PACKAGE_JSON: '1',
        ...(npm === undefined ? {} : { NPM_CONFIG_REGISTRY: npm }),
        ...(jsr === undefined ? {} : { JSR_URL: jsr }),
        ...(isShown ? { DENO_AUTH_TOKENS: authToken(credentials, credentialHost(entry.url)) } : {}),
      },
    };
    const { signal = new AbortController().signal } = tools;
    const runtimeTypes = request.typeCheck === undefined ? undefined : tools.runtimeTypes;
    const known = { deno, folder, runtimeTypes, now: () => new Date(), signal };
    if (entry.kind === 'url') return await resolveRemote({ request: { ...request, entry }, ...known });
    const deadlineMs = tools.longestRunMs ?? longestFetchMs;
    return await resolveRepository({ request: { ...request, entry }, credentials, deadlineMs, ...known });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All else in a cache may be old: a module that has changed at its address since, for one. */
async function shareBundler(seed: string, cache: string): Promise<void> {
  const bundler = join(seed, 'dl');
  await mkdir(bundler, { recursive: true }).catch(() => undefined); // a seed that is read-only has it
  await symlink(bundler, join(cache, 'dl'));
}

/** Deno splits its list of them at these. */
function credentialsProblem(credentials: CodeCredentials): string | undefined {
  const values = credentials.kind === 'token' ? [credentials.token] : [credentials.username, credentials.password];
  const isAmbiguous = values.some((value) => /[;\s\x00-\x1f]/.test(value)) || values[0]?.includes(':') === true;
  return isAmbiguous || values.some((value) => value === '')
    ? 'the credentials of spec.source.credentialsSecretRef are empty or have a blank, a ";" or, in a token or a name, a ":": use others'
    : undefined;
}

/** As Deno has them: it shows them to this host, to those below it, and adds them anew at every redirect. */
function authToken(credentials: CodeCredentials, host: string): string {
  return credentials.kind === 'token'
    ? `${credentials.token}@${host}`
    : `${credentials.username}:${credentials.password}@${host}`;
}
