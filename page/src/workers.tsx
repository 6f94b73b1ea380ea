/** All workers: the sums, and a table that becomes cards where there is little room. */
import type { Overview, WorkerRow } from '../../operator/page/model.ts';
import { Empty, Figure, Sparkline, StandingBadge } from './parts.tsx';
import { addressOf } from './route.ts';
import { amount, counted, rate, share } from './words.ts';

export function WorkersView({ overview, words, onWords }: {
  readonly overview: Overview | undefined;
  readonly words: string;
  readonly onWords: (words: string) => void;
}) {
  if (overview === undefined) return <Empty title='Looking …' />;
  const { totals, rows, matching } = overview;
  const troubled = totals.workers - totals.ready;
  return (
    <>
      <h1 class='hidden'>All workers</h1>
      <dl class='figures'>
        <Figure name='Workers ready' tone={troubled > 0 ? 'warn' : ''}>
          {amount(totals.ready)}
          <small>/{amount(totals.workers)}</small>
        </Figure>
        <Figure name='Consumers ready'>
          {amount(totals.consumersReady)}
          <small>/{amount(totals.consumersWanted)}</small>
        </Figure>
        <Figure name='Responses'>{rate(totals.perSecond)}</Figure>
        <Figure name='Failed, 15 min' tone={totals.failed > 0 ? 'bad' : ''}>
          {amount(totals.failed)}
          <small>{totals.total > 0 ? ` ${share(totals.failed, totals.total)}` : ''}</small>
        </Figure>
        <Figure name='Backlog'>
          {amount(totals.backlog)}
          <small>{totals.backlogUnknown > 0 ? ` + ${amount(totals.backlogUnknown)} unknown` : ''}</small>
        </Figure>
      </dl>
      {totals.workers > 0 && (
        <div class='tools'>
          <input
            type='search'
            placeholder='Search name, type, namespace, state, reason'
            aria-label='Search workers'
            value={words}
            onInput={(event) => onWords(event.currentTarget.value)}
          />
          <span class='quiet'>
            {matching > rows.length ? `${rows.length} of ${counted(matching, 'worker')}` : counted(matching, 'worker')}
          </span>
        </div>
      )}
      {totals.workers === 0
        ? <Empty title='No worker yet'>Apply a manifest of kind RedisWorker, and it appears here.</Empty>
        : rows.length === 0
        ? <Empty title={`No worker matches “${words}”`} />
        : <Table rows={rows} />}
    </>
  );
}

function Table({ rows }: { readonly rows: readonly WorkerRow[] }) {
  const many = new Set(rows.map(({ namespace }) => namespace)).size > 1;
  return (
    <table class='workers'>
      <thead>
        <tr>
          <th scope='col'>Worker</th>
          <th scope='col'>State</th>
          <th scope='col' class='number'>Consumers</th>
          <th scope='col' class='number'>Backlog</th>
          <th scope='col' class='number'>Rate</th>
          <th scope='col' class='number'>Failed</th>
          <th scope='col'>15 minutes</th>
        </tr>
      </thead>
      <tbody>{rows.map((row) => <Row key={`${row.namespace}/${row.name}`} row={row} many={many} />)}</tbody>
    </table>
  );
}

function Row({ row, many }: { readonly row: WorkerRow; readonly many: boolean }) {
  const calm = row.standing === 'Ready';
  return (
    <tr>
      <th scope='row'>
        <a href={addressOf(row)}>{many && <span class='quiet'>{row.namespace}/</span>}{row.name}</a>
        {row.type !== row.name && <span class='quiet type'>{row.type}</span>}
      </th>
      <td class='state'>
        <StandingBadge standing={row.standing} suspended={row.suspended} />
        {!calm && row.reason !== '' && <span class='reason' title={row.message}>{row.reason}</span>}
      </td>
      <td class='number' data-name='Consumers'>{amount(row.ready)}/{amount(row.wanted)}</td>
      <td class='number' data-name='Backlog'>{amount(row.backlog)}</td>
      <td class='number' data-name='Rate'>{rate(row.perSecond)}</td>
      <td class={`number ${row.failed > 0 ? 'bad' : ''}`} data-name='Failed'>
        {row.failed > 0 ? share(row.failed, row.total) : row.total > 0 ? '0' : '–'}
      </td>
      <td class='line'>
        <Sparkline values={row.rates} />
      </td>
    </tr>
  );
}
