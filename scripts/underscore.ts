/** Writes what scripts of a HATS cluster have as `_`: the npm package as it was published, as a text behind its license. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const published = (file: string): string => readFileSync(join(root, 'node_modules/underscore', file), 'utf8');
const { version } = JSON.parse(published('package.json')) as { version: string };
const text = `/*\n${published('LICENSE')}*/\n${published('underscore-umd-min.js')}`;
const literal = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n');

writeFileSync(
  join(root, 'worker/hats/vm/underscore.ts'),
  `/**
 * What scripts have as \`_\`: underscore-umd-min.js of the npm package underscore ${version}, as it was published, behind its
 * license. A text, since it is run in the context of a script, which imports nothing. Written by \`npm run generate\`.
 */
export const underscore =
  '${literal}';
`,
);
