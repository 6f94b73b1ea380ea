import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kind } from './schema.ts';
import type { StructuralSchema } from './structural.ts';
import { unknownFields } from './unknown-fields.ts';
import { manifestSchema } from './manifest-schema.ts';

const schema = manifestSchema() as StructuralSchema;
const examples = join(import.meta.dirname, '../../examples');

test('an editor finds every field of the examples in the schema, and no field that there is not', () => {
  const files = readdirSync(examples).filter((file) => file.endsWith('.yaml'));
  const objects = files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(examples, file), 'utf8')).map((document) => document.toJS() as { kind: string })
  );
  const workers = objects.filter((object) => object.kind === kind);
  expect(workers.length).toBeGreaterThanOrEqual(3);
  for (const worker of workers) expect(unknownFields(schema, { ...worker, metadata: {} })).toEqual([]);
  expect(unknownFields(schema, { spec: { tpye: 'x' } })).toHaveLength(1);
});

test('the schema speaks the words of JSON Schema alone', () => {
  const text = JSON.stringify(schema);
  expect(text).not.toContain('x-kubernetes');
  expect(text).not.toContain('nullable');
  expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
});
