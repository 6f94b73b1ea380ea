/**
 * Writes worker/rhai/expressions.json: what the native Rhai makes of each line of cases.txt. `node
 * test/support/rhai/make-table.ts`; a native program that ends itself, as `exit` has it do, is begun anew behind it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluate } from './evaluate.ts';
import { nativeRhai } from './native.ts';

const root = join(import.meta.dirname, '../../..');
const program = await nativeRhai();
const cases = (await readFile(join(import.meta.dirname, 'cases.txt'), 'utf8')).split('\n').filter((line) =>
  line !== ''
);
const rows: string[] = [];
for (const script of new Set(cases)) {
  const [found] = await evaluate(program, [script]);
  if (found === undefined) throw new Error(`the native Rhai did not survive ${script}`);
  rows.push(JSON.stringify([script, found.kind, found.text]));
}
await writeFile(join(root, 'worker/rhai/expressions.json'), `[\n${rows.join(',\n')}\n]\n`);
process.stdout.write(`${rows.length} expressions\n`);
