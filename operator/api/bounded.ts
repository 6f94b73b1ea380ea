/** Building blocks of the schema. Each carries a bound: the API server weighs every CEL rule by them. */
import { z } from 'zod';
import { quantityPattern } from './quantity.ts';
import { matches, type Rule, withRules } from './rules.ts';

/** Non-empty text of at most `max` characters. */
export function text(max: number): z.ZodString {
  return z.string().min(1).max(max);
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number): z.ZodInt {
  return z.int().min(min).max(max);
}

/** A port from 1 to 65535, as part of a pattern. */
export const portPattern = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** Whole numbers from 0 to `most`, as a pattern: fewer digits, or as many and smaller at the first that differs. */
export function upTo(most: bigint): string {
  const digits = Array.from(String(most));
  const smaller = digits.flatMap((digit, at) =>
    digit === '0' ? [] : [`${digits.slice(0, at).join('')}[0-${Number(digit) - 1}][0-9]{${digits.length - at - 1}}`]
  );
  return `([0-9]{1,${digits.length - 1}}|${smaller.join('|')}|${most})`;
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
        if (seen.indexOf(key) < at) {
          context.addIssue({ code: 'custom', path: [at], message: `Duplicate value: ${key}; name it once` });
        }
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
    .refine((map) => Object.keys(map).length <= maxProperties, {
      message: `must have at most ${maxProperties} entries`,
    })
    .meta({ maxProperties });
}

/** An object of Kubernetes' own whose fields the API server of the child object checks. */
export function foreignObject(maxProperties: number): z.ZodRecord<z.ZodString, z.ZodUnknown> {
  return mapOf(z.unknown(), maxProperties).meta({ 'x-kubernetes-preserve-unknown-fields': true });
}

/** A Kubernetes quantity: `500m`, `128Mi`, 2. Comes out as text. */
export function quantity() {
  const { message, holds } = matches(quantityPattern, 'must be a quantity such as 500m, 2 or 128Mi');
  const rule = {
    rule: `type(self) == int ? self >= 0 : self.matches(r'${quantityPattern}')`,
    message,
    holds: (given: string | number) => holds(String(given)),
  };
  return withRules(
    z.union([z.int(), z.string().max(32)]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 32 }),
    rule,
  ).transform(String);
}

const namePattern = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const labelKey = `^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${namePattern}$`;
const labelValue = `^(${namePattern})?$`;

/** Labels, or what selects by them. */
export function labelsOf(maxProperties: number, ...rules: readonly Rule<Record<string, string>>[]) {
  const key = new RegExp(labelKey);
  const value = new RegExp(labelValue);
  return withRules(
    mapOf(z.string().max(63), maxProperties),
    {
      rule: `self.all(key, key.matches(r'${labelKey}') && self[key].matches(r'${labelValue}'))`,
      message:
        'every key and value must be those of a label: at most 63 letters, digits, "-", "_" and "." (a key may have a prefix such as example.com/)',
      holds: (labels) => Object.entries(labels).every(([name, given]) => key.test(name) && value.test(given)),
    },
    ...rules,
  );
}

/** Name of an object in the same namespace. */
export function objectName(): z.ZodString {
  return withRules(
    text(253),
    matches(
      '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
      'must be the name of an object: lower-case letters, digits, "-" and ".", with a letter or digit at both ends',
    ),
  );
}

/** One key of a ConfigMap or Secret in the same namespace. */
export function keyRef() {
  return z.object({
    name: objectName().describe('Name of the object, in the namespace of the worker.'),
    key: withRules(
      text(253),
      matches('^[-._a-zA-Z0-9]+$', 'must be a key of the object: letters, digits, "-", "_" and "."'),
    ).describe('Key within the object.'),
  });
}
