/** The manifest as editors read it: JSON Schema, made from what the API server checks. */
import { openApiSchema } from './crd.ts';
import { apiVersion, kind } from './schema.ts';
import type { StructuralSchema } from './structural.ts';

const text = { type: 'string' } as const;
const texts = { type: 'object', additionalProperties: text } as const;

/** Schema of a RedisWorker: what its fields mean, and that there are no others. Rules between fields are the API server's. */
export function manifestSchema(): object {
  const { description, properties } = openApiSchema();
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: kind,
    description,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    additionalProperties: false,
    properties: {
      apiVersion: { const: apiVersion },
      kind: { const: kind },
      metadata: {
        type: 'object',
        required: ['name'],
        properties: { name: text, namespace: text, labels: texts, annotations: texts },
      },
      spec: forEditors(properties?.['spec'] ?? {}),
      status: { type: 'object', description: properties?.['status']?.description },
    },
  };
}

/** Without what only an API server understands, and closed where the API server drops what it does not know. */
function forEditors(schema: StructuralSchema): Record<string, unknown> {
  const { properties, items, additionalProperties } = schema;
  const plain = Object.entries(schema).filter(([keyword]) => !keyword.startsWith('x-kubernetes-'));
  return {
    ...Object.fromEntries(plain),
    ...(schema['x-kubernetes-int-or-string'] === true ? { type: ['integer', 'string'] } : {}),
    ...(items === undefined ? {} : { items: forEditors(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: forEditors(additionalProperties) }),
    ...(properties === undefined ? {} : {
      properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, forEditors(one)])),
      ...(schema['x-kubernetes-preserve-unknown-fields'] === true ? {} : { additionalProperties: false }),
    }),
  };
}
