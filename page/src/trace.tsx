/** Looks up one request, task or run of a script: the whole path of it, as far as Redis still knows. */
import { useState } from 'preact/hooks';
import type { RequestTrace, WorkSort } from '../../operator/page/model.ts';
import { read, workerPath } from './ask.ts';
import { Section } from './parts.tsx';

const tones: Readonly<Record<string, string>> = { Answered: 'good', Finished: 'good', Dead: 'bad', Unknown: 'idle' };

const words: Readonly<Record<WorkSort, readonly [title: string, name: string]>> = {
  Requests: ['Look up a request', 'Reference of the request'],
  Tasks: ['Look up a task', 'Id of the task'],
  Scripts: ['Look up a run', 'The run, such as Jobs:count.js:2030-01-31T12:00:00.000Z'],
};

export function TraceView({ worker, work }: {
  readonly worker: { readonly namespace: string; readonly name: string };
  readonly work: WorkSort;
}) {
  const [title, name] = words[work];
  const [ref, setRef] = useState('');
  const [trace, setTrace] = useState<RequestTrace>();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const look = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFault('');
    try {
      setTrace(await read<RequestTrace>(`${workerPath(worker)}/trace?ref=${encodeURIComponent(ref)}`));
    } catch (error) {
      setTrace(undefined);
      setFault(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <Section title={title}>
      <form class='row' onSubmit={(event) => void look(event)}>
        <label class='hidden' for='ref'>{name}</label>
        <input
          id='ref'
          placeholder={name}
          spellcheck={false}
          autocomplete='off'
          required
          value={ref}
          onInput={(event) => setRef(event.currentTarget.value)}
        />
        <button type='submit' disabled={busy}>{busy ? 'Looking …' : 'Look up'}</button>
      </form>
      <div aria-live='polite'>
        {fault !== '' && <p class='banner bad'>{fault}</p>}
        {trace !== undefined && (
          <>
            <p class='verdict'>
              <span class={`badge ${tones[trace.outcome] ?? 'busy'}`}>{trace.outcome}</span> {trace.sentence}
            </p>
            <dl class='places'>
              {trace.rows.map(([place, text], at) => (
                <div key={at}>
                  <dt>{place}</dt>
                  <dd>{text}</dd>
                </div>
              ))}
            </dl>
            {trace.notes.map((note) => <p class='quiet' key={note}>{note}</p>)}
          </>
        )}
      </div>
    </Section>
  );
}
