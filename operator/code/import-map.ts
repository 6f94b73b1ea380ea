/** An import map that was written for a module at an address, as Deno reads it from a file of its own. Pure. */
import { z } from 'zod';

const targets = z.record(z.string(), z.string());
const shape = z.looseObject({ imports: targets.optional(), scopes: z.record(z.string(), targets).optional() });

/** A map with absolute addresses. */
export interface ImportMap {
  readonly imports: Readonly<Record<string, string>>;
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The same map with absolute addresses, or one sentence that says why there is none. */
export type ReadImportMap = { readonly ok: true; readonly map: ImportMap } | {
  readonly ok: false;
  readonly problem: string;
};

/** @param base address that relative ones are meant from */
export function readImportMap(text: string, base: string): ReadImportMap {
  const map = parsed(text);
  if (map === undefined) {
    return refused('is no JSON with "imports" and "scopes" of addresses: write it as the browsers have it');
  }
  const all = [map.imports ?? {}, ...Object.values(map.scopes ?? {})].flatMap((one) => Object.values(one));
  const foreign = all.find((target) => /^(file|data|blob):/i.test(target));
  if (foreign !== undefined) {
    return refused(`leads to "${foreign.slice(0, 80)}": name a module at an address, or a package`);
  }
  const moved = (one: Record<string, string>) =>
    Object.fromEntries(Object.entries(one).map(([key, target]) => [absolute(key, base), absolute(target, base)]));
  const scopes = Object.entries(map.scopes ?? {}).map(([scope, one]) => [absolute(scope, base), moved(one)] as const);
  return { ok: true, map: { imports: moved(map.imports ?? {}), scopes: Object.fromEntries(scopes) } };
}

function parsed(text: string): z.infer<typeof shape> | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function absolute(address: string, base: string): string {
  return /^\.{0,2}\//.test(address) ? new URL(address, base).href : address;
}

function refused(what: string): ReadImportMap {
  return { ok: false, problem: `the import map of spec.source.importMap ${what}` };
}
