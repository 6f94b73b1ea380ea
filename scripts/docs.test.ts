import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRedisWorker } from '../operator/api/redisworker.ts';
import { spec } from '../operator/api/schema.ts';
import { servedRules } from '../operator/cluster/kubernetes/rights.ts';
import { clusterReasons, isReason, reasons } from '../operator/redisworker/model/reasons.ts';
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

describe('docs/conditions.md', () => {
  const listed = [...readFileSync('docs/conditions.md', 'utf8').matchAll(/`([A-Z]\w+)`/g)].map(([, word]) => word!);

  test('explains every reason of a condition', () => {
    expect(reasons.filter((reason) => !listed.includes(reason))).toEqual([]);
  });

  test('explains no reason that is none', () => {
    const others = ['Ready', 'Reconciling', 'Stalled', 'RedisReachable', 'SourceResolved', 'NetworkPolicyExact'];
    const rest = listed.filter((word) => !isReason(word) && !others.includes(word));
    expect(new Set(rest)).toEqual(
      new Set(['NetworkPolicyEnforced', 'NetworkPolicyNotEnforced', 'Updating', 'Refuse']),
    );
  });
});

test('every reason of a condition is decided in a file of the operator', () => {
  const files = globSync('operator/**/*.ts').filter((file) => !/\.test\.ts$|model\/reasons\.ts$/.test(file));
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const serverWords: readonly string[] = clusterReasons;
  expect(reasons.filter((reason) => !serverWords.includes(reason) && !source.includes(`'${reason}'`))).toEqual([]);
});

test('docs/network.md shows the table that was measured last', () => {
  const measured = JSON.parse(readFileSync('bench/results/network-table.json', 'utf8')) as NetworkTable;
  expect(readFileSync('docs/network.md', 'utf8')).toContain(tableText(measured));
});

test('docs/rights.md tells what the operator may do', () => {
  const [, page = ''] = readFileSync('docs/rights.md', 'utf8').split('## What the operator may do');
  const told = [...page.matchAll(/^\| (`[a-z/.0-9]+`) \| ((?:`[a-z]+` ?)+) \|/gm)].map(([, resource, verbs]) => [
    resource,
    verbs,
  ]);
  const granted = servedRules.map(({ apiGroups: [group = ''], resources: [resource = ''], verbs }) => [
    `\`${resource}${group === '' || group === 'redisworker.dev' ? '' : `.${group}`}\``,
    verbs.map((verb) => `\`${verb}\``).join(' '),
  ]);
  expect(told).toEqual(granted);
});
