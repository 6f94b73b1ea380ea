import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharingParts } from './shared-parts.ts';

test('what is equal to the model is the part of the model, and the rest stays as it was', () => {
  const model = { name: 'a', probe: { path: '/healthz', every: 10 }, env: [{ name: 'A', value: 'x' }, { name: 'B' }] };
  const value = { name: 'b', probe: { path: '/healthz', every: 10 }, env: [{ name: 'A', value: 'y' }, { name: 'B' }] };
  const shared = sharingParts(structuredClone(value), model);
  expect(shared).toEqual(value);
  expect(shared.probe).toBe(model.probe);
  expect(shared.env).not.toBe(model.env);
  expect(shared.env[1]).toBe(model.env[1]);
});

test('whatever the model is, a value says what it said, and the model what it said', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  fc.assert(fc.property(json, json, (value, model) => {
    const [said, modelSaid] = [JSON.stringify(value), JSON.stringify(model)];
    const shared = sharingParts(value, model);
    expect(JSON.stringify(shared)).toBe(said);
    expect(JSON.stringify(model)).toBe(modelSaid);
  }));
});

test('a value that is equal to its model in all is the model', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (model) => {
    expect(sharingParts(JSON.parse(JSON.stringify(model)), JSON.parse(JSON.stringify(model)))).toEqual(
      JSON.parse(JSON.stringify(model)),
    );
    const parsed: unknown = JSON.parse(JSON.stringify(model));
    expect(sharingParts(JSON.parse(JSON.stringify(model)), parsed)).toBe(parsed);
  }));
});

test('a field more or less, or in another order, is not passed over', () => {
  const model = { a: { one: 1, two: 2 } };
  for (
    const text of ['{"a":{"one":1}}', '{"a":{"one":1,"two":2,"three":3}}', '{"a":{"two":2,"one":1}}', '{"a":null}']
  ) {
    expect(JSON.stringify(sharingParts(JSON.parse(text), model))).toBe(text);
  }
});
