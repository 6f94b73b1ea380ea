/** A bundle as ConfigMaps hold it. Pure. */
import { maxSourceMapBytes } from '../../contract/limits.ts';
import { bundleFileName } from '../../contract/pod.ts';
import type { Bundle } from './bundle.ts';
import { pack, type Part } from './pack.ts';

/** What they are made of. */
export type BundleFiles = Pick<Bundle, 'code' | 'map' | 'mapName'>;

/** It takes a while for a large one, and the same one is asked for again. */
const made = new WeakMap<BundleFiles, readonly Part[]>();

/** What the ConfigMaps of a bundle hold: rather without its source map than too much. */
export function partsOf(bundle: BundleFiles): readonly Part[] {
  const known = made.get(bundle);
  if (known !== undefined) return known;
  const [files, alone] = [filesOf(bundle), { [bundleFileName]: bundle.code }];
  // Of code that may be run, no more than nine pieces come.
  const parts = pack(files) ?? pack(alone) ?? [];
  made.set(bundle, parts);
  return parts;
}

/** The files of a bundle: without its source map where that is too much. */
export function filesOf({ code, map, mapName }: BundleFiles): Readonly<Record<string, string>> {
  const hasMap = map !== '' && Buffer.byteLength(map) <= maxSourceMapBytes;
  return { [bundleFileName]: code, ...(hasMap ? { [mapName]: map } : {}) };
}
