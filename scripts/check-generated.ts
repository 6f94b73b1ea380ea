/** Generates again what `npm run generate` writes, and fails when that changes a file. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'crds');

const before = contents();
const { status, stderr } = spawnSync(process.execPath, [join(root, 'operator/api/generate.ts')], { encoding: 'utf8' });
const changed = [...contents()].filter(([name, text]) => before.get(name) !== text).map(([name]) => `crds/${name}`);
if (status !== 0) fail(stderr);
else if (changed.length > 0) {
  fail(`${changed.join(', ')} did not match the schema in operator/api; it does now: commit it\n`);
}

function contents(): Map<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function fail(sentence: string): void {
  process.stderr.write(sentence);
  process.exitCode = 1;
}
