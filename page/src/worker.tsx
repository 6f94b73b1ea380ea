/** One worker in depth. */
import type { WorkerDepth, WorkSort } from '../../operator/page/model.ts';
import { workerPath } from './ask.ts';
import { BacklogChart, RateChart } from './charts.tsx';
import { Codes, Conditions, Consumers, Modules, Scope, ScriptTable } from './depth.tsx';
import { DeadView } from './dead.tsx';
import { Empty, Figure, Section, StandingBadge } from './parts.tsx';
import { usePolled } from './poll.ts';
import { addressOf } from './route.ts';
import { SendView } from './send.tsx';
import { TraceView } from './trace.tsx';
import { ago, amount, rate, share } from './words.ts';

export function WorkerView({ worker, tab, local }: {
  readonly worker: { readonly namespace: string; readonly name: string };
  readonly tab: string;
  readonly local: boolean;
}) {
  const { data, fault, gone } = usePolled<WorkerDepth>(workerPath(worker));
  if (data === undefined) {
    return (
      <>
        <nav aria-label='Back'>
          <a href='#/'>← All workers</a>
        </nav>
        <Empty title={fault === undefined || gone ? 'Looking …' : fault} />
      </>
    );
  }
  const { work } = data.row;
  const tabs = tabsOf(work, local);
  const shown = tabs.some(([id]) => id === tab) ? tab : ''; // an address may name what there is not
  return (
    <>
      <nav aria-label='Back'>
        <a href='#/'>← All workers</a>
      </nav>
      <div class='title'>
        <h1>
          <span class='quiet'>{data.row.namespace}/</span>
          {data.row.name}
        </h1>
        <StandingBadge standing={data.row.standing} suspended={data.row.suspended} />
      </div>
      <p class='sentence'>{data.row.message}</p>
      <nav class='tabs' aria-label='Parts of this worker'>
        {tabs.map(([id, title]) => (
          <a key={id} href={addressOf(worker, id)} {...(shown === id ? { 'aria-current': 'page' as const } : {})}>
            {title}
          </a>
        ))}
      </nav>
      {shown === 'requests' && <TraceView worker={worker} work={work} />}
      {shown === 'dead' && <DeadView worker={worker} local={local} now={data.now} />}
      {shown === 'send' && <SendView worker={worker} type={data.row.type} ofTasks={work === 'Tasks'} />}
      {shown === '' && <Depth depth={data} />}
    </>
  );
}

/** The parts of a view, by what the worker has: nobody sends anything to scripts. */
function tabsOf(work: WorkSort, local: boolean): readonly (readonly [id: string, title: string])[] {
  return [
    ['', 'Overview'],
    ['requests', 'Look up'],
    ...(work === 'Scripts' ? [] : [['dead', 'Dead letters']] as const),
    ...(work === 'Scripts' || !local ? [] : [['send', 'Send']] as const),
  ];
}

function Depth({ depth }: { readonly depth: WorkerDepth }) {
  const { row, stream, now } = depth;
  const takes = row.work !== 'Scripts';
  const reach = (
    <Section title='May reach'>
      <Scope scope={depth.scope} approximations={depth.approximations} />
    </Section>
  );
  return (
    <>
      <dl class='figures'>
        <Figure name='Consumers ready' tone={row.ready === row.wanted ? '' : 'warn'}>
          {amount(row.ready)}
          <small>/{amount(row.wanted)}</small>
        </Figure>
        <Figure name='Responses'>{rate(row.perSecond)}</Figure>
        <Figure name='Failed, 15 min' tone={row.failed > 0 ? 'bad' : ''}>
          {amount(row.failed)}
          <small>{row.total > 0 ? ` ${share(row.failed, row.total)}` : ''}</small>
        </Figure>
        {takes && <Figure name='Backlog'>{amount(row.backlog)}</Figure>}
        {takes && <Figure name='Waiting'>{amount(stream.lag)}</Figure>}
        {takes && <Figure name='In flight'>{amount(stream.pending)}</Figure>}
        {row.work === 'Requests' && <Figure name='To be retried'>{amount(stream.scheduled)}</Figure>}
        {stream.oldestPendingTime !== undefined && (
          <Figure name='Oldest in flight'>{ago(stream.oldestPendingTime, now)}</Figure>
        )}
      </dl>
      <div class='pair'>
        <Section title='Responses per second' aside='15 minutes'>
          <RateChart series={depth.series} />
        </Section>
        <Section title='Codes' aside='15 minutes'>
          <Codes codes={depth.codes} />
        </Section>
      </div>
      <Section title='Consumers' aside={depth.omittedConsumers > 0 ? `and ${amount(depth.omittedConsumers)} more` : ''}>
        <Consumers consumers={depth.consumers} takes={takes} now={now} />
      </Section>
      {depth.modules.length > 0 && (
        <Section title='Modules'>
          <Modules modules={depth.modules} />
        </Section>
      )}
      {depth.scripts !== undefined && (
        <Section title='Scripts'>
          <ScriptTable scripts={depth.scripts} now={now} />
        </Section>
      )}
      <div class='pair'>
        <Section title='Conditions'>
          <Conditions conditions={depth.conditions} now={now} />
        </Section>
        {takes
          ? (
            <Section title='Backlog' aside='15 minutes'>
              <BacklogChart series={depth.series} />
            </Section>
          )
          : reach}
      </div>
      {takes && reach}
    </>
  );
}
