/** Where a value differs from the one a spec expects. Pure. */
import { pathOf } from '../../operator/api/sentences.ts';
import { nameOf, placeholderOf, standsFor } from './placeholder.ts';

/** One place; of text with several lines, those that differ are found by whoever prints it. */
export interface Difference {
  /** `data.items[2].price` */
  readonly path: string;
  /** Undefined where nothing was expected. */
  readonly expected?: string | undefined;
  /** Undefined where there is nothing. */
  readonly found?: string | undefined;
}

type Path = readonly PropertyKey[];

/** @param atLeast maps may have more than is expected */
export function differences(expected: unknown, found: unknown, path: Path, atLeast = false): Difference[] {
  const placeholder = placeholderOf(expected);
  if (placeholder?.kind === 'contains') return contained(placeholder.value, found, path);
  if (placeholder !== undefined) {
    return standsFor(placeholder, found)
      ? []
      : [{ path: pathOf(path), expected: nameOf(placeholder), found: shown(found) }];
  }
  if (isList(expected) && isList(found)) {
    const longer = expected.length > found.length ? expected : found;
    return longer.flatMap((_, at) => between(expected, found, at, path, atLeast));
  }
  if (isMap(expected) && isMap(found)) {
    const keys = new Set([...Object.keys(expected), ...(atLeast ? [] : Object.keys(found))]);
    return [...keys].flatMap((key) => between(expected, found, key, path, atLeast));
  }
  return Object.is(expected, found) ? [] : [{ path: pathOf(path), expected: shown(expected), found: shown(found) }];
}

function between(expected: object, found: object, key: PropertyKey, path: Path, atLeast: boolean): Difference[] {
  const inner = [...path, key];
  if (!Object.hasOwn(expected, key)) return [{ path: pathOf(inner), found: shown(valueOf(found, key)) }];
  return differences(valueOf(expected, key), valueOf(found, key), inner, atLeast);
}

/** Of a map each field; of a list each item somewhere. */
function contained(expected: object, found: unknown, path: Path): Difference[] {
  if (!isList(expected)) return differences(expected, found, path, true);
  const items = isList(found) ? found : [];
  return expected.flatMap((item, at) =>
    items.some((one) => differences(item, one, path, true).length === 0)
      ? []
      : [{ path: pathOf([...path, at]), expected: shown(item), found: `none among ${shown(found) ?? 'nothing'}` }]
  );
}

function valueOf(inside: object, key: PropertyKey): unknown {
  return Object.hasOwn(inside, key) ? (inside as Record<PropertyKey, unknown>)[key] : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
