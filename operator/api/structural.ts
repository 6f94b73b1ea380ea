/** From zod to the JSON schema dialect of a CRD ("structural schema"). */
import { z } from 'zod';

/** A node of the schema, as far as this project looks into it. */
export interface StructuralSchema {
  description?: string;
  type?: string;
  default?: unknown;
  enum?: readonly unknown[];
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: readonly string[];
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-validations'?: readonly Record<string, string>[];
  [keyword: string]: unknown;
}

/** The schema of what a user writes: fields with defaults are optional. */
export function structural(schema: z.ZodType): StructuralSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => conform(jsonSchema),
  }) as StructuralSchema;
}

/** The rules stated on the schema itself. */
export function validationsOf(schema: z.ZodType): NonNullable<StructuralSchema['x-kubernetes-validations']> {
  return (schema.meta() as StructuralSchema | undefined)?.['x-kubernetes-validations'] ?? [];
}

/** Takes out what zod can say and a structural schema cannot. */
function conform(node: Record<string, unknown>): void {
  if (node['x-kubernetes-int-or-string'] === true) delete node['anyOf'];
  if (node['x-kubernetes-preserve-unknown-fields'] === true) delete node['additionalProperties'];
}
