import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { crd } from '../operator/api/crd.ts';
import { chartFiles } from './chart-files.ts';
import { isSection, presets, valuesBelow, type ValueSchema, valuesSchema } from './json-schema.ts';

const files = chartFiles((path) => readFileSync(new URL(path, import.meta.url), 'utf8'));

/** Every object schema below, with its path. */
function sections(schema: ValueSchema, path = ''): [string, ValueSchema][] {
  return [
    [path, schema],
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
      isSection(part) ? sections(part, `${path}.${name}`) : []
    ),
    ...(schema.items?.properties ? sections(schema.items, `${path}[]`) : []),
  ];
}

test('every value, and every section of values, is described in a sentence', () => {
  const undescribed = sections(valuesSchema()).flatMap(([path, { properties = {} }]) =>
    Object.entries(properties).filter(([, { description }]) => !/^[A-Z].*\.$|^auto: /.test(description ?? ''))
      .map(([name]) => `${path}.${name}`)
  );
  expect(undescribed).toEqual([]);
});

test('no section takes a key it does not know', () => {
  const open = sections(valuesSchema()).filter(([, { additionalProperties }]) => additionalProperties !== false);
  expect(open.map(([path]) => path)).toEqual([]);
});

test('values.yaml holds exactly the defaults of the schema', () => {
  expect(parse(files['values.yaml']!)).toEqual(presets());
});

test('the README has a row for every value', () => {
  const rows = [...files['README.md']!.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(valuesBelow(valuesSchema(), presets()).map(({ path }) => path));
});

test('the CustomResourceDefinition of the chart is the one in crds/', () => {
  expect(parse(files['files/crds/redisworkers.redisworker.dev.yaml']!)).toEqual(crd());
});
