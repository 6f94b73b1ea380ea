import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../cluster.ts';
import { applyPart, type Managed } from './managed-fields.ts';

const short = fc.constantFrom('a', 'b', 'c');
const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), short, fc.array(short, { maxLength: 2 }));
const map = fc.dictionary(short, fc.oneof(leaf, fc.dictionary(short, leaf, { minKeys: 1, maxKeys: 2 })), {
  minKeys: 1,
  maxKeys: 3,
});
const conditions = fc.uniqueArray(
  fc.record({ type: short, status: short, reason: short }, { requiredKeys: ['type'] }),
  { selector: ({ type }) => type, minLength: 1, maxLength: 3 },
);
const finalizers = fc.uniqueArray(short, { minLength: 1, maxLength: 3 });

const byType = (status: unknown) =>
  Object.fromEntries(
    (status as { conditions: { type: string }[] }).conditions.map((condition) => [condition.type, condition]),
  );
const object = (content: Partial<KubeObject>, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  ...content,
  metadata: { name: 'x', namespace: 'n', ...metadata },
});

test('after any number of applies, one manager finds exactly what it applied last', () => {
  fc.assert(fc.property(fc.array(fc.tuple(map, conditions, finalizers), { minLength: 1, maxLength: 4 }), (applies) => {
    let live: Managed | undefined;
    for (const [spec, list, names] of applies) {
      live = applyPart(live, object({ spec }, { finalizers: names }), 'm', 'main');
      live = applyPart(live, object({ status: { conditions: list } }), 'm', 'status');
    }
    const [spec, list, names] = applies.at(-1)!;
    expect(live!.object.spec).toEqual(spec);
    expect(byType(live!.object.status)).toEqual(byType({ conditions: list }));
    expect(new Set(live!.object.metadata.finalizers)).toEqual(new Set(names));
  }));
});

test('managers with fields of their own never lose them to each other', () => {
  const mine = fc.dictionary(fc.constantFrom('a', 'b'), leaf, { minKeys: 1 });
  const theirs = fc.dictionary(fc.constantFrom('x', 'y'), leaf, { minKeys: 1 });
  fc.assert(fc.property(fc.array(fc.tuple(mine, theirs), { minLength: 1, maxLength: 4 }), (applies) => {
    let live: Managed | undefined;
    for (const [one, other] of applies) {
      live = applyPart(live, object({ data: one }), 'one', 'main');
      live = applyPart(live, object({ data: other }), 'other', 'main');
    }
    expect(live!.object.data).toEqual({ ...applies.at(-1)![0], ...applies.at(-1)![1] });
  }));
});
