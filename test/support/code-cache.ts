/** Deno's cache for bundling, outside the checkout: Deno fetches the bundler into it once. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The one the command line uses too. */
export function codeCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redisworker', 'code');
}
