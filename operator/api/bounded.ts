/** Building blocks of the schema. Each carries a bound: the API server weighs every CEL rule by them. */
import { z } from 'zod';

/** Non-empty text of at most `max` characters. */
export function text(max: number): z.ZodString {
  return z.string().min(1).max(max);
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number): z.ZodInt {
  return z.int().min(min).max(max);
}

/** A list without duplicates. */
export function setOf<T extends z.ZodType<string>>(item: T, maxItems: number): z.ZodArray<T> {
  return z
    .array(item)
    .max(maxItems)
    .superRefine((items, context) => {
      items.forEach((value, at) => {
        if (items.indexOf(value) < at) {
          context.addIssue({ code: 'custom', path: [at], message: `Duplicate value: "${value}"; name it once` });
        }
      });
    })
    .meta({ 'x-kubernetes-list-type': 'set' });
}

/** A list of objects, one per value of the fields `keys`. */
export function listMapOf<T extends z.ZodObject>(item: T, keys: readonly string[], maxItems: number): z.ZodArray<T> {
  const keyOf = (value: Record<string, unknown>) => JSON.stringify(keys.map((key) => value[key]));
  return z
    .array(item)
    .max(maxItems)
    .superRefine((items, context) => {
      const seen = items.map(keyOf);
      seen.forEach((key, at) => {
        if (seen.indexOf(key) < at) context.addIssue({ code: 'custom', path: [at], message: `Duplicate value: ${key}; name it once` });
      });
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [...keys] });
}

/** A list whose order matters and that is replaced as a whole. */
export function listOf<T extends z.ZodType>(item: T, maxItems: number): z.ZodArray<T> {
  return z.array(item).max(maxItems).meta({ 'x-kubernetes-list-type': 'atomic' });
}

/** A map from text to `value` with at most `maxProperties` entries. */
export function mapOf<V extends z.ZodType>(value: V, maxProperties: number): z.ZodRecord<z.ZodString, V> {
  return z
    .record(z.string(), value)
    .refine((map) => Object.keys(map).length <= maxProperties, { message: `must have at most ${maxProperties} entries` })
    .meta({ maxProperties });
}

/** An object of Kubernetes' own whose fields the API server of the child object checks. */
export function foreignObject(maxProperties: number): z.ZodRecord<z.ZodString, z.ZodUnknown> {
  return mapOf(z.unknown(), maxProperties).meta({ 'x-kubernetes-preserve-unknown-fields': true });
}

/** A Kubernetes quantity: `500m`, `128Mi`, 2. Comes out as text. */
export function quantity() {
  const pattern = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
  return z
    .union([z.int(), z.string().max(32).regex(pattern, { message: 'must be a quantity such as 500m, 2 or 128Mi' })])
    .transform(String)
    .meta({ 'x-kubernetes-int-or-string': true, pattern: pattern.source, maxLength: 32 });
}

/** Name of an object in the same namespace. */
export function objectName() {
  return text(253).regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, { message: 'must be the name of an object: lower-case letters, digits, "-" and "."' });
}

/** One key of a ConfigMap or Secret in the same namespace. */
export function keyRef() {
  return z.object({
    name: objectName().describe('Name of the object, in the namespace of the worker.'),
    key: text(253)
      .regex(/^[-._a-zA-Z0-9]+$/, { message: 'must be a key of the object: letters, digits, "-", "_" and "."' })
      .describe('Key within the object.'),
  });
}
