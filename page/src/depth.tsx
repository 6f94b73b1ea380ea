/** The tables of one worker. */
import type { CodeCount, ConditionRow, ConsumerRow, ModuleRow, Scripts } from '../../operator/page/model.ts';
import { Empty, Figure } from './parts.tsx';
import { ago, amount, duration, share } from './words.ts';

const states: Readonly<Record<string, string>> = {
  Ready: 'good',
  Failing: 'bad',
  Draining: 'idle',
  Pending: 'busy',
  Starting: 'busy',
  Updating: 'busy',
};

/** @param takes whether they take something, which is then in flight */
export function Consumers({ consumers, takes, now }: {
  readonly consumers: readonly ConsumerRow[];
  readonly takes: boolean;
  readonly now: string;
}) {
  if (consumers.length === 0) return <Empty title='No consumer' />;
  return (
    <table class='consumers'>
      <thead>
        <tr>
          <th scope='col'>Consumer</th>
          <th scope='col'>State</th>
          <th scope='col' class='number'>Last code</th>
          <th scope='col' class='number'>Failed</th>
          <th scope='col' class='number'>p50</th>
          <th scope='col' class='number'>p99</th>
          {takes && <th scope='col' class='number'>In flight</th>}
          <th scope='col' class='number'>Restarts</th>
        </tr>
      </thead>
      <tbody>
        {consumers.map((row) => (
          <tr key={row.id}>
            <th scope='row'>{row.id}{row.pod !== undefined && <span class='quiet type'>{row.pod}</span>}</th>
            <td class='state'>
              <span class={`badge ${states[row.state] ?? 'idle'}`}>{row.state}</span>
              {row.reason !== undefined && <span class='reason'>{row.reason}</span>}
            </td>
            <td class='number' data-name='Last code'>
              {row.lastCode === undefined ? '–' : <CodeText code={row.lastCode} />}
              {row.lastTime !== undefined && <span class='quiet type'>{ago(row.lastTime, now)}</span>}
            </td>
            <td class='number' data-name='Failed'>{share(row.failed ?? 0, row.total ?? 0)}</td>
            <td class='number' data-name='p50'>{duration(row.p50Ms)}</td>
            <td class='number' data-name='p99'>{duration(row.p99Ms)}</td>
            {takes && <td class='number' data-name='In flight'>{amount(row.pending)}</td>}
            <td class={`number ${(row.restarts ?? 0) > 0 ? 'warn' : ''}`} data-name='Restarts'>
              {amount(row.restarts)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const moduleStates: Readonly<Record<string, string>> = { Running: 'good', Failing: 'bad', Idle: 'idle' };

export function Modules({ modules }: { readonly modules: readonly ModuleRow[] }) {
  return (
    <table class='consumers'>
      <thead>
        <tr>
          <th scope='col'>Module</th>
          <th scope='col'>State</th>
          <th scope='col' class='number'>Calls</th>
          <th scope='col' class='number'>Failed</th>
          <th scope='col' class='number'>Memory</th>
          <th scope='col' class='number'>Restarts</th>
        </tr>
      </thead>
      <tbody>
        {modules.map((row) => (
          <tr key={row.name}>
            <th scope='row'>{row.name}</th>
            <td class='state'>
              <span class={`badge ${moduleStates[row.state] ?? 'idle'}`}>{row.state}</span>
              {row.reason !== undefined && <span class='reason'>{row.reason}</span>}
            </td>
            <td class='number' data-name='Calls'>{amount(row.calls)}</td>
            <td class='number' data-name='Failed'>{share(row.errors, row.calls)}</td>
            <td class='number' data-name='Memory'>{row.memoryMiB === undefined ? '–' : `${row.memoryMiB} MiB`}</td>
            <td class={`number ${row.restarts > 0 ? 'warn' : ''}`} data-name='Restarts'>{amount(row.restarts)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const badStates: ReadonlySet<string> = new Set(['crashed', 'failing']);

export function ScriptTable({ scripts: { kinds, crashed }, now }: { readonly scripts: Scripts; readonly now: string }) {
  return (
    <>
      <dl class='figures states'>
        {kinds.map(({ kind, counts }) => {
          const states = Object.entries(counts).filter(([, count]) => count > 0);
          return (
            <Figure key={kind} name={kind}>
              {states.length === 0 && '–'}
              {states.map(([state, count]) => (
                <span key={state} class={badStates.has(state) ? 'bad' : ''}>
                  {amount(count)}
                  <small>{` ${state}`}</small>
                </span>
              ))}
            </Figure>
          );
        })}
      </dl>
      <ul class='conditions'>
        {crashed.map(({ key, error, time }) => (
          <li key={key} class='bad'>
            <strong>{key}</strong> {time !== undefined && <span class='quiet'>failed {ago(time, now)}</span>}
            <p>{error}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function CodeText({ code }: { readonly code: number }) {
  return <span class={code >= 200 && code < 300 ? 'good' : 'bad'}>{code}</span>;
}

export function Codes({ codes }: { readonly codes: readonly CodeCount[] }) {
  const total = codes.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return <Empty title='No response in this time' />;
  return (
    <table class='codes'>
      <tbody>
        {codes.map(({ code, count, isSuccess }) => (
          <tr key={code}>
            <th scope='row' class={isSuccess ? 'good' : 'bad'}>{code}</th>
            <td class='bar'>
              <svg class={isSuccess ? 'good' : 'bad'} viewBox='0 0 100 8' preserveAspectRatio='none' aria-hidden='true'>
                <rect class='track' width='100' height='8' />
                <rect width={Math.max(1, (count / total) * 100)} height='8' />
              </svg>
            </td>
            <td class='number'>{amount(count)}</td>
            <td class='number quiet'>{share(count, total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Conditions(
  { conditions, now }: { readonly conditions: readonly ConditionRow[]; readonly now: string },
) {
  if (conditions.length === 0) return <Empty title='Nobody has looked at it yet' />;
  return (
    <ul class='conditions'>
      {conditions.map(({ type, status, reason, message, since }) => (
        <li key={type} class={toneOf(type, status)}>
          <strong>{type}</strong>{' '}
          <span class='quiet'>{status === 'True' ? '' : `${status}, `}{reason}, {ago(since, now)}</span>
          {message !== '' && <p>{message}</p>}
        </li>
      ))}
    </ul>
  );
}

/** Of two conditions True is the abnormal case. */
function toneOf(type: string, status: string): string {
  if (status === 'Unknown') return 'idle';
  const abnormal = type === 'Stalled' || type === 'Reconciling';
  if (type === 'Reconciling' && status === 'True') return 'busy';
  if ((status === 'True') !== abnormal) return 'good';
  return type.startsWith('NetworkPolicy') ? 'warn' : 'bad';
}

export function Scope({ scope, approximations }: {
  readonly scope: readonly string[];
  readonly approximations: readonly string[];
}) {
  return (
    <>
      {scope.length === 0 ? <p class='quiet'>Its Redis, and nothing else.</p> : (
        <ul class='chips'>
          {scope.map((entry) => (
            <li key={entry}>
              <code>{entry}</code>
            </li>
          ))}
        </ul>
      )}
      {approximations.length > 0 && <ul class='quiet notes'>{approximations.map((one) => <li key={one}>{one}</li>)}
      </ul>}
    </>
  );
}
