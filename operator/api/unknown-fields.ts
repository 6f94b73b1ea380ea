/** Finds fields a manifest has and the schema has not: nearly always a slip of the keyboard. */
import type { JsonValue } from './json.ts';
import { pathOf } from './sentences.ts';
import type { StructuralSchema } from './structural.ts';

/** One sentence per unknown field, with its path, in the words of the API server. Metadata and free-form objects are not looked into. */
export function unknownFields(schema: StructuralSchema, value: JsonValue, path: readonly PropertyKey[] = []): string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, at) => unknownFields(items, item, [...path, at])) : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const known = schema.properties?.[field] ?? schema.additionalProperties;
    if (known) return unknownFields(known, inner, [...path, field]);
    return schema.properties
      ? [
        `strict decoding error: unknown field "${pathOf([...path, field])}" (known here: ${
          Object.keys(schema.properties).join(', ')
        })`,
      ]
      : [];
  });
}
