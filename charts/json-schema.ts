/** The JSON schema of the values, and what of it a reader needs. */
import { z } from 'zod';
import { values } from './values/index.ts';

/** The part of a JSON schema that values are described with. */
export interface ValueSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly additionalProperties?: unknown;
  readonly items?: ValueSchema;
  readonly anyOf?: readonly ValueSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What Helm checks values against. */
export function valuesSchema(): ValueSchema {
  return z.toJSONSchema(values, { io: 'input' }) as ValueSchema;
}

/** A value at the end of a path, such as `image.tag`. */
export interface Value {
  readonly path: string;
  readonly schema: ValueSchema;
  readonly preset: unknown;
}

/** True for an object whose keys are the chart's own. */
export function isSection(schema: ValueSchema): boolean {
  return schema.properties !== undefined;
}

/** All values below a section, in order, with their defaults. */
export function valuesBelow(section: ValueSchema, presets: unknown, path: readonly string[] = []): Value[] {
  return Object.entries(section.properties ?? {}).flatMap(([name, schema]) => {
    const preset = (presets as Readonly<Record<string, unknown>>)[name];
    const here = [...path, name];
    return isSection(schema) ? valuesBelow(schema, preset, here) : [{ path: here.join('.'), schema, preset }];
  });
}

/** The default of every value. */
export function presets(): Readonly<Record<string, unknown>> {
  return values.parse({});
}
