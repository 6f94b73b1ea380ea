/** `npm run generate`: writes the CRD into crds/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { crdName, crdYaml } from './crd.ts';

const folder = new URL('../../crds/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(`${crdName}.yaml`, folder), crdYaml());
