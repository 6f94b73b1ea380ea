/**
 * Makes a status one the API server takes, whatever was observed: one foreign word or number too large would have every
 * later write refused. Pure.
 */
import { statusSchema } from '../../api/crd.ts';
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { StructuralSchema } from '../../api/structural.ts';
import { remembered } from '../../remembered.ts';
import { bounded } from './text.ts';

/** The status within the bounds of its schema: texts and lists cut, numbers clamped, what fits nowhere left out. */
export function fitted(status: RedisWorkerStatus): RedisWorkerStatus {
  return (fit(statusSchema(), status) as RedisWorkerStatus | undefined) ?? {};
}

function fit(schema: StructuralSchema, value: unknown): unknown {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? fitText(schema, value) : undefined;
    case 'integer':
    case 'number':
      return typeof value === 'number' ? fitNumber(schema, value) : undefined;
    case 'array':
      return Array.isArray(value) ? fitList(schema, value) : undefined;
    case 'object':
      return typeof value === 'object' && value !== null ? fitObject(schema, value) : undefined;
    default:
      return value;
  }
}

function fitText({ maxLength = Infinity, enum: words, pattern }: StructuralSchema, text: string): string | undefined {
  const short = bounded(text, maxLength);
  const isWord = words === undefined || words.includes(short);
  return isWord && (typeof pattern !== 'string' || patternOf(pattern).test(short)) ? short : undefined;
}

/** The few there are in the schema. */
const patternOf = remembered((pattern) => new RegExp(pattern));

function fitNumber({ type, minimum, maximum }: StructuralSchema, number: number): number | undefined {
  if (Number.isNaN(number)) return undefined;
  const whole = type === 'integer' ? Math.trunc(number) : number;
  const least = typeof minimum === 'number' ? minimum : -Number.MAX_VALUE;
  const most = typeof maximum === 'number' ? maximum : Number.MAX_VALUE;
  // Adding zero turns a negative zero, which JSON does not know, into zero.
  return Math.min(Math.max(whole, least), most) + 0;
}

function fitList(schema: StructuralSchema, list: readonly unknown[]): unknown[] {
  const { items = {}, maxItems = Infinity } = schema;
  const keys = schema['x-kubernetes-list-map-keys'];
  const keyOf = (item: unknown) => JSON.stringify(keys?.map((key) => (item as Record<string, unknown>)[key]));
  const seen = new Set<string>();
  const fitting = list.map((item) => fit(items, item)).filter((item) => item !== undefined);
  return fitting.filter((item) => keys === undefined || (!seen.has(keyOf(item)) && seen.add(keyOf(item)))).slice(
    0,
    maxItems,
  );
}

/** The fields of an object, or the entries of a map; undefined when a field is missing that must be there. */
function fitObject(schema: StructuralSchema, object: object): object | undefined {
  const { properties, additionalProperties, maxProperties = Infinity, required = [] } = schema;
  const given = Object.entries(object).flatMap(([name, value]) => {
    const at = properties ? properties[name] : additionalProperties;
    const fitting = at && fit(at, value);
    return fitting === undefined ? [] : [[name.toWellFormed(), fitting] as const];
  });
  const fields = Object.fromEntries(given.slice(0, maxProperties));
  return required.every((name) => name in fields) ? fields : undefined;
}
