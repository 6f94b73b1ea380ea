/** What became of a request for code, as the resolver program says it: one JSON value. Pure. */
import { z } from 'zod';

/** Why code is refused: only another spec helps, or other code there. */
export const refusals = [
  'InvalidSource',
  'ImportRefused',
  'IntegrityMismatch',
  'LockMismatch',
  'SourceTooLarge',
] as const;

/** Why there is no code for now: what runs goes on, and it is tried again. */
export const failures = ['SourceUnreachable', 'SourceNotFound', 'SourceUnauthorized', 'ResolverFailed'] as const;

const resolved = z.object({
  kind: z.literal('resolved'),
  /** One module that imports the runtime and `node:` alone. Its last line names the map. */
  code: z.string(),
  map: z.string(),
  /** Name under which the code finds the map beside itself. */
  mapName: z.string(),
  /** `sha256-<hex>` of the code. */
  digest: z.string(),
  /** Of the code. */
  bytes: z.number(),
  /** Address the module started from, after redirects; never with credentials. */
  entry: z.string(),
  /** Of a Git repository: the commit it was taken at. */
  commit: z.string().exactOptional(),
  /** Modules the code was made of. */
  modules: z.number(),
  /** When, in RFC 3339. */
  time: z.string(),
});

const refused = z.object({ kind: z.literal('refused'), reason: z.enum(refusals), sentence: z.string() });
const failed = z.object({ kind: z.literal('failed'), reason: z.enum(failures), sentence: z.string() });

export const resolveOutcome = z.discriminatedUnion('kind', [resolved, refused, failed]);

/** Code and where it came from. */
export type ResolvedCode = z.infer<typeof resolved>;
/** Code that may not run as it is. */
export type RefusedCode = z.infer<typeof refused>;
/** Code that could not be had. */
export type FailedCode = z.infer<typeof failed>;
/** What the resolver program writes. */
export type ResolveOutcome = z.infer<typeof resolveOutcome>;

/** Reads what the program wrote. @returns undefined for anything else */
export function readOutcome(text: string): ResolveOutcome | undefined {
  try {
    return resolveOutcome.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
