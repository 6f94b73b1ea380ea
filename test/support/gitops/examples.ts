/** The examples as they stand in a repository. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdName } from '../../../operator/api/crd.ts';

const root = join(import.meta.dirname, '../../..');

/** The files of examples/, below `apps/`. */
export function exampleFiles(): Record<string, string> {
  const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'));
  return Object.fromEntries(names.map((name) => [`apps/${name}`, readFileSync(join(root, 'examples', name), 'utf8')]));
}

/** The CustomResourceDefinition. */
export function crdFile(): string {
  return readFileSync(join(root, 'crds', `${crdName}.yaml`), 'utf8');
}
