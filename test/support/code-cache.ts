/** Deno's cache for bundling, outside the checkout: Deno fetches the bundler into it once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { denoPath } from '../../cli/installation.ts';
import { run } from './command.ts';

/** The one the command line uses too. */
export function codeCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redisworker', 'code');
}

/** Makes Deno fetch the bundler, for tests whose registry of npm has none. */
export async function bundlerFetched(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
  try {
    const [module, made] = [join(folder, 'one.ts'), join(folder, 'one.js')];
    await writeFile(module, 'export default 1;\n');
    const env = { ...process.env, DENO_DIR: codeCache() };
    await run(denoPath(), ['bundle', '--quiet', '--no-config', '--no-lock', '-o', made, module], { env });
  } finally {
    await rm(folder, { recursive: true });
  }
}
