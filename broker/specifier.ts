/** Which module, and whose. */
import type { WorkerSpecifier } from './types.ts';

/** A module by its absolute URL, with all that follows from it: it is asked for with every call. */
export interface Target {
  /** The URL without its hash, which says nothing but how fresh the module is. */
  readonly module: URL;
  readonly bareHref: string;
  /** The URL as it was given. */
  readonly href: string;
  readonly segregationId: string | undefined;
  /** What a worker is found by when the program does not say. */
  readonly usualKey: string;
}

/** @param base of relative specifiers, inside a module @throws TypeError for what is no URL */
export function targetOf(worker: WorkerSpecifier, base?: string): Target {
  const [specifier, segregationId] = typeof worker === 'string' || worker instanceof URL ? [worker] : worker;
  const given = new URL(specifier, base);
  const { href } = given;
  const module = withoutHash(given);
  const bareHref = module.href;
  const usualKey = segregationId === undefined ? bareHref : `${bareHref} @${segregationId}`;
  return { module, bareHref, href, segregationId, usualKey };
}

function withoutHash(module: URL): URL {
  if (module.hash === '') return module;
  const bare = new URL(module);
  bare.hash = '';
  return bare;
}
