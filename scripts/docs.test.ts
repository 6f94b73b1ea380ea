import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRedisWorker } from '../operator/api/redisworker.ts';
import { spec } from '../operator/api/schema.ts';
import { type NetworkTable, tableText } from '../test/support/network-table/page.ts';

const readme = readFileSync('README.md', 'utf8');
const manifests = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]): unknown => parse(text!));

describe('the README', () => {
  test('shows manifests that are valid', () => {
    expect(manifests.length).toBeGreaterThan(0);
    expect(manifests.map((manifest) => parseRedisWorker(manifest)).filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each(Object.keys(spec.shape))('explains spec.%s', (field) => {
    expect(readme).toContain(`\n| \`${field}\` |`);
  });
});

test('docs/conditions.md lists every reason of a problem', () => {
  const listed = readFileSync('docs/conditions.md', 'utf8');
  const reasons = /export type ProblemReason =(.*?);/s.exec(
    readFileSync('operator/redisworker/model/problem.ts', 'utf8'),
  )![1]!.match(/\w+(?=')/g)!;
  expect(reasons.filter((reason) => !listed.includes(`\`${reason}\``))).toEqual([]);
});

test('docs/network.md shows the table that was measured last', () => {
  const measured = JSON.parse(readFileSync('bench/results/network-table.json', 'utf8')) as NetworkTable;
  expect(readFileSync('docs/network.md', 'utf8')).toContain(tableText(measured));
});
