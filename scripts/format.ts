/** Formats the whole tree, at 120 columns; with `--check` it only says what is not. The one formatter is Deno's. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { folders } from './folders.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const settings = ['--no-config', '--no-editorconfig', '--line-width=120', '--single-quote'];
const patterns = ['ts', 'tsx', 'js', 'cjs', 'mjs'].flatMap((ending) => [
  ...[...folders, 'examples'].map((folder) => `${folder}/**/*.${ending}`),
  `*.${ending}`,
]);

const { status, error } = spawnSync(
  join(root, 'node_modules', '.bin', 'deno'),
  ['fmt', '--quiet', '--permit-no-files', ...settings, ...argv.slice(2), ...patterns],
  { cwd: root, stdio: 'inherit' },
);
if (error) throw error;
exit(status ?? 1);
