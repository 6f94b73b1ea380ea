import { expect, test } from 'vitest';
import { formatScope, parseScope } from './canonical.ts';
import { uncovered } from './covers.ts';

function scope(...entries: string[]) {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.scope;
}

test.each([
  ['api.test', 'api.test:443', true],
  ['api.test:443', 'api.test', false],
  ['api.test:443', 'api.test:80', false],
  ['*.test.example', 'a.b.test.example:443', true],
  ['*.test.example', 'test.example', true],
  ['*.test.example', '*.a.test.example', true],
  ['*.test.example', 'nottest.example', false],
  ['10.0.0.0/8', '10.1.2.3:80', true],
  ['10.0.0.0/8', '10.1.0.0/16', true],
  ['10.1.0.0/16', '10.0.0.0/8', false],
  ['10.0.0.0/8', '[fd00::1]', false],
  ['10.0.0.1', 'ten.test', false],
  [':8080', ':8080', true],
])('%s covers %s: %s', (outer, inner, isCovered) => {
  expect(formatScope(uncovered(scope(inner), scope(outer)))).toEqual(isCovered ? [] : [inner]);
});
