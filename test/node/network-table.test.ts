/** The truth table: every form an entry of a scope can have, against everything a pod may dial, on real pods. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withInline, withSpec, worker } from '../support/gen.ts';
import { columnsOf, type Column } from '../support/network-table/columns.ts';
import { signOf } from '../support/network-table/cell.ts';
import { measureRows, probingModule } from '../support/network-table/measure.ts';
import { rowsOf, type Row } from '../support/network-table/rows.ts';
import { openTargets, outsideNames } from '../support/network-table/targets.ts';
import { extendDns, hostsBlock } from '../support/node/dns.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { openSite, type Site } from '../support/node/site.ts';

let site: Site;
let rows: readonly Row[];
let columns: readonly Column[];

describeOnNode('the network of workers', () => {
  beforeAll(async () => {
    const node = sharedNode();
    [site] = await Promise.all([openSite(node, 'table'), extendDns(node, hostsBlock(outsideNames))]);
    const { namespaces, addresses } = await openTargets(node, site.namespace);
    columns = columnsOf(node, namespaces, addresses);
    rows = rowsOf(namespaces, addresses, node.network);
    await site.startOperator();
    await site.apply(...rows.map(({ name, permissions }) => worker(name, withInline(probingModule), withSpec({ permissions }))));
    await site.ready(...rows.map(({ name }) => name));
  });
  afterAll(() => site?.stop());

  test('opens what the scope says and nothing else, by the policy alone and by both layers', async () => {
    const measured = await measureRows(site, rows.map(({ name }) => name), columns);
    const wrong = [...measured.values()].flatMap((row) => row.wrong);
    console.log(`${rows.length * columns.length} cells, each by the policy alone and through Deno: ${wrong.length} wrong`);
    for (const { name } of rows) console.log(measured.get(name)!.cells.map(signOf).join(' '), name);
    expect(wrong).toEqual([]);
  });
});
