/** Which module, and whose. */
import type { WorkerSpecifier } from './types.ts';

/** A module by its absolute URL. */
export interface Target {
  readonly module: URL;
  readonly segregationId: string | undefined;
}

/** @param base of relative specifiers, inside a module @throws TypeError for what is no URL */
export function targetOf(worker: WorkerSpecifier, base?: string): Target {
  const [specifier, segregationId] = typeof worker === 'string' || worker instanceof URL ? [worker] : worker;
  return { module: new URL(specifier, base), segregationId };
}

/** The URL without its hash, which says nothing but how fresh the module is. */
export function withoutHash(module: URL): URL {
  if (module.hash === '') return module;
  const bare = new URL(module);
  bare.hash = '';
  return bare;
}

/** What a worker is found by when the program does not say. */
export function usualKey(module: URL, segregationId?: string): string {
  return segregationId === undefined ? module.href : `${module.href} @${segregationId}`;
}
