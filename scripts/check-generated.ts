/** Generates again what `npm run generate` writes, and fails when that changes a file. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['crds', 'charts/redis-worker-operator', 'docs/reference'];
const single = ['docs/conditions.md', 'worker/hats/vm/underscore.ts'];
const generators = [
  'operator/api/generate.ts',
  'charts/generate.ts',
  'scripts/reference/generate.ts',
  'scripts/underscore.ts',
];

const before = contents();
const problems = generators.map((script) => spawnSync(process.execPath, [join(root, script)], { encoding: 'utf8' }))
  .flatMap(({ status, stderr }) => (status === 0 ? [] : [stderr]));
const changed = [...contents()].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
if (problems.length > 0) fail(problems.join(''));
else if (changed.length > 0) {
  fail(`${changed.join(', ')} did not match what it is generated from; it does now: commit it\n`);
}

function contents(): Map<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
  );
  return new Map([...files, ...single].map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

function fail(sentence: string): void {
  process.stderr.write(sentence);
  process.exitCode = 1;
}
