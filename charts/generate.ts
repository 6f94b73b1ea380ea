/** Writes what is generated of the chart: part of `npm run generate`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { chartFiles } from './chart-files.ts';

const here = (path: string): URL => new URL(path, import.meta.url);

for (const [path, text] of Object.entries(chartFiles((name) => readFileSync(here(name), 'utf8')))) {
  const file = here(`redis-worker-operator/${path}`);
  mkdirSync(dirname(file.pathname), { recursive: true });
  writeFileSync(file, text);
}
