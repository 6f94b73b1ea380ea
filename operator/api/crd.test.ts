import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { largestCode } from '../../contract/response.ts';
import { crdName, crdYaml, openApiSchema } from './crd.ts';
import { printerColumns } from './printer-columns.ts';
import type { StructuralSchema } from './structural.ts';

/** Every node of the schema with its path. */
function* nodes(schema: StructuralSchema, path = ''): Generator<[string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, inner] of Object.entries(schema.properties ?? {})) yield* nodes(inner, `${path}.${name}`);
  if (schema.items) yield* nodes(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* nodes(schema.additionalProperties, `${path}{}`);
}

const all = [...nodes(openApiSchema())].filter(([path]) => path !== '.metadata');

function offenders(fault: (node: StructuralSchema) => boolean): string[] {
  return all.filter(([, node]) => fault(node)).map(([path]) => path);
}

describe('the CRD', () => {
  test('is what npm run generate would write: nobody edited the file, nobody forgot to generate', () => {
    const file = readFileSync(new URL(`../../crds/${crdName}.yaml`, import.meta.url), 'utf8');
    expect(file === crdYaml(), 'crds/ differs from the schema: run "npm run generate"').toBe(true);
  });

  test.each([
    '$ref',
    'definitions',
    'const',
    'patternProperties',
    'propertyNames',
    'uniqueItems',
    'anyOf',
    'oneOf',
    'allOf',
    'not',
    'examples',
    'exclusiveMinimum',
  ])(
    'has no keyword %s, which a structural schema does not take',
    (keyword) =>
      expect(offenders((node) => keyword in node || node.additionalProperties === (false as unknown))).toEqual([]),
  );

  test('has no pattern that looks around, which the API server cannot compile', () => {
    expect(JSON.stringify(openApiSchema())).not.toMatch(/\(\?[=!<]/);
  });

  test('gives every node a type', () => {
    const free = offenders((node) => node.type === undefined && node['x-kubernetes-int-or-string'] !== true);
    expect(free).toEqual([]);
  });

  test('bounds every text', () => {
    expect(offenders((node) => node.type === 'string' && node.enum === undefined && node.maxLength === undefined))
      .toEqual([]);
  });

  test('bounds every number', () => {
    expect(
      offenders((node) =>
        (node.type === 'integer' || node.type === 'number') &&
        (node['minimum'] === undefined || node['maximum'] === undefined)
      ),
    ).toEqual([]);
  });

  test('bounds every list and says how its items are merged', () => {
    expect(
      offenders((node) =>
        node.type === 'array' && (node.maxItems === undefined || node['x-kubernetes-list-type'] === undefined)
      ),
    ).toEqual([]);
  });

  test('bounds every map', () => {
    expect(
      offenders((node) => node.type === 'object' && node.properties === undefined && node.maxProperties === undefined),
    ).toEqual([]);
  });

  test('explains every field of the spec but the plain ones inside of pod settings', () => {
    const silent = offenders((node) => node.description === undefined).filter((path) =>
      path.startsWith('.spec') && !path.startsWith('.spec.pod.') && !/[\]}]$/.test(path)
    );
    expect(silent).toEqual([]);
  });

  test('asks users for no value that YAML 1.1 takes for a boolean', () => {
    const booleans = offenders((node) =>
      (node.enum ?? []).some((value) => /^(y|n|yes|no|on|off|true|false)$/i.test(String(value)))
    );
    expect(booleans.filter((path) => path.startsWith('.spec'))).toEqual([]);
  });

  test('states each rule as one sentence that ends in no full stop', () => {
    const messages = all.flatMap(([, node]) => node['x-kubernetes-validations'] ?? []).map(({ message = '' }) =>
      message
    );
    expect(messages.length).toBeGreaterThan(25);
    expect(messages.filter((message) => message.length < 20 || message.endsWith('.') && !message.endsWith('"."')))
      .toEqual([]);
  });

  test('has no default for the parts that only some workers have', () => {
    const { stream, handler } = openApiSchema().properties?.['spec']?.properties ?? {};
    expect([stream, handler].map((part) => part && 'default' in part)).toEqual([false, false]);
  });

  test('counts a worker nobody has looked at as not seen', () => {
    expect(openApiSchema().properties?.['status']?.default).toEqual({ observedGeneration: -1 });
  });

  test('has a status of one writer, of whose fields nobody keeps account', () => {
    expect(openApiSchema().properties?.['status']?.['x-kubernetes-map-type']).toBe('atomic');
  });

  test('takes every reply code that is counted', () => {
    const { responses, consumers } = openApiSchema().properties?.['status']?.properties ?? {};
    expect([responses, consumers?.items].map((part) => part?.properties?.['lastCode']?.['maximum'])).toEqual([
      largestCode,
      largestCode,
    ]);
  });

  test('has columns that read fields the schema has', () => {
    const known = all.map(([path]) => path.replaceAll('[]', ''));
    const paths = printerColumns.map(({ jsonPath }) => jsonPath.replace(/\[.*\]/, ''));
    expect(paths.filter((path) => !known.includes(path))).toEqual(['.metadata.creationTimestamp']);
  });
});
