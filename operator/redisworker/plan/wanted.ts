/** Who is wanted. Pure. */
import { declaredIds } from '../model/consumers.ts';
import type { ObservedSpec } from '../model/observed.ts';

/** Ids of the consumers there should be, in the order of the spec: today those it names, whatever was seen. */
export function wantedIds({ blueprint }: ObservedSpec): readonly string[] {
  return declaredIds(blueprint.consumers);
}
