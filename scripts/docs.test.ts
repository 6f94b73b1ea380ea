import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseRedisWorker } from '../operator/api/redisworker.ts';
import { spec } from '../operator/api/schema.ts';
import { servedRules } from '../operator/cluster/kubernetes/rights.ts';
import { clusterReasons, eventReasons, isReason, reasons, rowReasons } from '../operator/redisworker/model/reasons.ts';
import { blocks, pages } from '../test/support/docs/blocks.ts';
import { exceptions, scenarios } from '../test/support/docs/scenarios.ts';
import { type NetworkTable, tableText } from '../test/support/network-table/page.ts';

const all = pages();
const shown = all.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].flatMap(([, text]) =>
    parseAllDocuments(text!).map((document) => ({ page, manifest: document.toJS() as { kind?: string } }))
  )
);

describe('the docs', () => {
  test('show manifests that are valid', () => {
    const workers = shown.filter(({ manifest }) => manifest.kind === 'RedisWorker');
    expect(workers.length).toBeGreaterThan(3);
    expect(workers.filter(({ manifest }) => !parseRedisWorker(manifest).ok)).toEqual([]);
  });

  test.each(Object.keys(spec.shape))('have spec.%s in the reference', (field) => {
    expect(readFileSync('docs/reference/api.md', 'utf8')).toContain(`\n## spec.${field}\n`);
  });

  test('have every block of commands run by a scenario, or tell why it is not run', () => {
    const known = Object.keys(scenarios);
    const lost = all.flatMap(blocks).filter(({ scenario, commands }) =>
      scenario === 'elsewhere'
        ? commands.trim().split('\n').some((command) => exceptions[command] === undefined)
        : scenario === undefined || !known.includes(scenario)
    );
    expect(lost.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  test('have a block for every scenario, and for every exception', () => {
    const found = all.flatMap(blocks);
    expect(Object.keys(scenarios).filter((name) => !found.some(({ scenario }) => scenario === name))).toEqual([]);
    const commands = found.flatMap((block) => block.commands.trim().split('\n'));
    expect(Object.keys(exceptions).filter((command) => !commands.includes(command))).toEqual([]);
  });

  test.each(Object.entries(scenarios))('have the scenario %s run by %s', (name, file) => {
    expect(readFileSync(file, 'utf8')).toContain(`'${name}'`);
  });

  test('show of an example what its file has', () => {
    const found = all.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/<!-- shown: (\S+) -->\n\n```\w+\n(.*?)```/gs)].map((
        [, path = '', text = ''],
      ) => ({ path, text }))
    );
    expect(found.length).toBeGreaterThan(10);
    const stale = found.filter(({ path, text }) => readFileSync(join('examples', path), 'utf8') !== text);
    expect(stale.map(({ path }) => path)).toEqual([]);
  });

  test('have a page that shows every example', () => {
    const folders = globSync('examples/*/*.yaml').map(dirname).filter((folder) => folder !== 'examples/invalid');
    const text = all.map((page) => readFileSync(page, 'utf8')).join('\n');
    expect([...new Set(folders)].filter((folder) => !text.includes(`../${folder})`))).toEqual([]);
  });

  test('have every page in the table of contents', () => {
    const contents = readFileSync('docs/README.md', 'utf8');
    const listed = all.filter((page) => !['README.md', 'docs/README.md'].includes(page));
    expect(listed.filter((page) => !contents.includes(`(${page.replace('docs/', '')})`))).toEqual([]);
  });

  test('say nothing twice', () => {
    const places = new Map<string, string[]>();
    const others = ['CONTRIBUTING.md', 'charts/redis-worker-operator/README.md'];
    for (const page of [...all.filter((one) => !one.startsWith('docs/reference/')), ...others]) {
      const prose = readFileSync(page, 'utf8').replace(/```.*?```|<!--.*?-->/gs, '').replace(/\]\([^)]*\)/g, ']');
      const sentences = new Set(prose.split(/(?<=[.;:!?])\s+|\n|\|/).map((one) => one.trim()));
      for (const one of sentences) if (one.length > 45) places.set(one, [...places.get(one) ?? [], page]);
    }
    expect([...places].filter(([, found]) => found.length > 1)).toEqual([]);
  });

  test.each([...all, 'CONTRIBUTING.md'])('lead to places that exist: %s', (page) => {
    const prose = readFileSync(page, 'utf8').replace(/```.*?```|`[^`\n]*`/gs, '');
    const links = [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });
});

/** A file, and the heading of it that is named. */
function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(file)) return false;
  if (heading === undefined) return true;
  const headings = readFileSync(file, 'utf8').split('\n').filter((line) => /^#+ /.test(line));
  return headings.map((line) => line.replace(/^#+ /, '').toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
    .includes(heading);
}

describe('docs/conditions.md', () => {
  const listed = [...readFileSync('docs/conditions.md', 'utf8').matchAll(/`([A-Z]\w+)`/g)].map(([, word]) => word!);
  const ofRows: readonly string[] = rowReasons;

  test('explains every reason of a condition', () => {
    expect([...reasons, ...rowReasons].filter((reason) => !listed.includes(reason))).toEqual([]);
  });

  test('explains no reason that is none', () => {
    const others = ['Ready', 'Reconciling', 'Stalled', 'RedisReachable', 'SourceResolved', 'NetworkPolicyExact'];
    const rest = listed.filter((word) => !isReason(word) && !ofRows.includes(word) && !others.includes(word));
    expect(new Set(rest)).toEqual(
      new Set(['NetworkPolicyEnforced', 'NetworkPolicyNotEnforced', 'Updating', 'Refuse']),
    );
  });
});

test('every reason of an event or a row is told by a file of the operator', () => {
  const files = globSync('operator/**/*.ts').filter((file) => !/\.test\.ts$|model\/reasons\.ts$/.test(file));
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  expect([...eventReasons, ...rowReasons].filter((reason) => !source.includes(`'${reason}'`))).toEqual([]);
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
