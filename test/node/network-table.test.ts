/**
 * The truth table: every form an entry of a scope can have, against everything a pod may dial, on real pods. With
 * REDISWORKER_RECORD it is written into docs/network.md; otherwise what stands there must be what was measured.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withInline, withSpec, worker } from '../support/gen.ts';
import { signOf } from '../support/network-table/cell.ts';
import { type Column, columnsOf } from '../support/network-table/columns.ts';
import { type MeasuredRow, measureRows, probingModule } from '../support/network-table/measure.ts';
import { type NetworkTable, strays, withTable } from '../support/network-table/page.ts';
import { type Row, rowsOf } from '../support/network-table/rows.ts';
import { openTargets, outsideNames } from '../support/network-table/targets.ts';
import { extendDns, hostsBlock } from '../support/node/dns.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { type LiveWorker, openSite, type Site } from '../support/node/site.ts';

const root = join(import.meta.dirname, '../..');
const [tableFile, pageFile] = [join(root, 'bench/results/network-table.json'), join(root, 'docs/network.md')];

let site: Site;
let rows: readonly Row[];
let columns: readonly Column[];
let measured: Map<string, MeasuredRow>;
let exactness: Map<string, string>;

function tableOf(): NetworkTable {
  return {
    columns: columns.map(({ title }) => title),
    rows: rows.map(({ name, form, entry }) => ({
      form,
      entry,
      exact: exactness.get(name) ?? '',
      signs: (measured.get(name)?.cells ?? []).map(signOf).join(' '),
    })),
  };
}

async function record(table: NetworkTable): Promise<void> {
  await writeFile(tableFile, `${JSON.stringify(table, undefined, 2)}\n`);
  await writeFile(pageFile, withTable(await readFile(pageFile, 'utf8'), table));
}

describeOnNode('the network of workers', () => {
  beforeAll(async () => {
    const node = sharedNode();
    [site] = await Promise.all([openSite(node, 'table'), extendDns(node, hostsBlock(outsideNames))]);
    const { namespaces, addresses } = await openTargets(node, site.namespace);
    columns = columnsOf(node, namespaces, addresses);
    rows = rowsOf(namespaces, addresses, node.network);
    await site.startOperator({ everywhere: true }); // it sees Services of all namespaces
    await site.apply(
      ...rows.map(({ name, permissions }) => worker(name, withInline(probingModule), withSpec({ permissions }))),
    );
    await site.ready(...rows.map(({ name }) => name));
  }, 400_000);
  afterAll(() => site.stop());

  test('opens what the scope says and nothing else, by the policy alone and by both layers', async () => {
    measured = await measureRows(site, rows.map(({ name }) => name), columns);
    const wrong = [...measured.values()].flatMap((row) => row.wrong);
    process.stdout.write(
      `${rows.length * columns.length} cells, each by the policy alone and through Deno: ${wrong.length} wrong\n`,
    );
    expect(wrong).toEqual([]);
  }, 400_000);

  test('is opened for no spelling of anything else where a policy claims to be exact', async () => {
    exactness = new Map(
      (await site.list<LiveWorker>('rw')).map((
        { metadata, status },
      ) => [metadata.name, status?.conditions?.find(({ type }) => type === 'NetworkPolicyExact')?.reason ?? '']),
    );
    const exact = rows.filter(({ name }) => exactness.get(name) === 'Exact');
    expect(exact.length).toBeGreaterThan(10);
    expect(
      exact.flatMap(({ name }) =>
        strays(measured.get(name)?.cells ?? [], columns).map((target) => `${name} → ${target}`)
      ),
    ).toEqual([]);
  });

  test('is as docs/network.md shows it', async () => {
    const table = tableOf();
    const isRight = [...measured.values()].every(({ wrong }) => wrong.length === 0);
    if (isRight && process.env['REDISWORKER_RECORD'] !== undefined) await record(table);
    expect(table).toEqual(JSON.parse(await readFile(tableFile, 'utf8')));
  });
});
