/**
 * Builds the Rhai engine and puts it where the worker has it, with its digest; `--check` compares instead. What is there
 * is the same bytes wherever it is built, so that whoever has the sources can tell what runs.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildEngine } from '../test/support/rhai/build-engine.ts';

const folder = join(import.meta.dirname, '../worker/rhai');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const { wasm: built, pages } = await buildEngine();
if (values.check) {
  const same = Buffer.from(built).equals(await readFile(join(folder, 'engine.wasm')));
  process.stdout.write(
    same
      ? 'worker/rhai/engine.wasm is what its sources build\n'
      : 'worker/rhai/engine.wasm is not what its sources build: run "npm run rhai-engine"\n',
  );
  process.exitCode = same ? 0 : 1;
} else {
  const digest = createHash('sha256').update(built).digest('hex');
  await writeFile(join(folder, 'engine.wasm'), built);
  await writeFile(
    join(folder, 'engine-digest.ts'),
    [
      '/** What engine.wasm is: its digest, and the pages of memory it begins with. Written by `npm run rhai-engine`. */',
      `export const engineDigest = 'sha256-${digest}';`,
      `export const enginePages = ${pages};`,
      '',
    ].join('\n'),
  );
}
