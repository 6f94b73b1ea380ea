/** What an API server would refuse of a value, by the structural schema of a CRD. Written apart from what makes values fit. */
import type { StructuralSchema } from '../../operator/api/structural.ts';

/** One sentence per violation; an unknown field counts, as under `fieldValidation=Strict`. */
export function violations(schema: StructuralSchema, value: unknown, at = ''): string[] {
  if (value === null) return [`${at} is null`];
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? ofText(schema, value, at) : [`${at} is no string`];
    case 'integer':
      return Number.isSafeInteger(value) ? ofNumber(schema, value as number, at) : [`${at} is no integer`];
    case 'number':
      return typeof value === 'number' ? ofNumber(schema, value, at) : [`${at} is no number`];
    case 'array':
      return Array.isArray(value) ? ofList(schema, value, at) : [`${at} is no list`];
    case 'object':
      return typeof value === 'object'
        ? ofObject(schema, value as Record<string, unknown>, at)
        : [`${at} is no object`];
    default:
      return [`${at} has a schema without a type`];
  }
}

function ofText(schema: StructuralSchema, text: string, at: string): string[] {
  const length = Array.from(text).length; // in code points, as the API server counts
  return [
    ...(length > (schema.maxLength ?? Infinity) ? [`${at} has ${length} characters`] : []),
    ...(length < Number(schema['minLength'] ?? 0) ? [`${at} is too short`] : []),
    ...(schema.enum && !schema.enum.includes(text) ? [`${at} is "${text}"`] : []),
    ...(typeof schema['pattern'] === 'string' && !new RegExp(schema['pattern'], 'u').test(text)
      ? [`${at} is "${text}"`]
      : []),
    ...(schema['format'] === 'date-time' && Number.isNaN(Date.parse(text)) ? [`${at} is no time: ${text}`] : []),
    ...(text.isWellFormed() ? [] : [`${at} reads back as another text`]),
  ];
}

function ofNumber(schema: StructuralSchema, number: number, at: string): string[] {
  const { minimum = -Infinity, maximum = Infinity } = schema as { minimum?: number; maximum?: number };
  return number < minimum || number > maximum ? [`${at} is ${number}`] : [];
}

function ofList(schema: StructuralSchema, list: readonly unknown[], at: string): string[] {
  const keys = schema['x-kubernetes-list-map-keys'];
  const seen = list.map((item) => JSON.stringify(keys?.map((key) => (item as Record<string, unknown>)[key]) ?? item));
  const unique = schema['x-kubernetes-list-type'] === 'atomic' || new Set(seen).size === seen.length;
  return [
    ...(list.length > (schema.maxItems ?? Infinity) ? [`${at} has ${list.length} items`] : []),
    ...(unique ? [] : [`${at} has an item twice`]),
    ...list.flatMap((item, index) => violations(schema.items ?? {}, item, `${at}[${index}]`)),
  ];
}

function ofObject(schema: StructuralSchema, object: Record<string, unknown>, at: string): string[] {
  const { properties, additionalProperties, required = [] } = schema;
  return [
    ...required.filter((name) => !(name in object)).map((name) => `${at}.${name} is missing`),
    ...(Object.keys(object).length > (schema.maxProperties ?? Infinity) ? [`${at} has too many entries`] : []),
    ...Object.entries(object).flatMap(([name, value]) => {
      const field = properties ? properties[name] : additionalProperties;
      return field ? violations(field, value, `${at}.${name}`) : [`${at}.${name} is unknown`];
    }),
  ];
}
