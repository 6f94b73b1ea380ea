/** Sends a request or a task and shows what it comes to; on this machine alone. */
import { useState } from 'preact/hooks';
import type { SentRequest } from '../../operator/page/model.ts';
import { act, workerPath } from './ask.ts';
import { Section } from './parts.tsx';
import { duration, pretty } from './words.ts';

interface SendProps {
  readonly worker: { readonly namespace: string; readonly name: string };
  readonly type: string;
  readonly ofTasks: boolean;
}

const ofRequest = {
  title: 'Request',
  field: 'The field “data”, as JSON',
  example: '{\n  "name": "Ada"\n}',
  busy: 'Waiting for the reply …',
  answer: 'Reply',
};
const ofTask = {
  title: 'Task',
  field: 'The script, in Rhai',
  example: '40 + 2',
  busy: 'Waiting for its end …',
  answer: 'What it comes to',
};

export function SendView({ worker, type, ofTasks }: SendProps) {
  const words = ofTasks ? ofTask : ofRequest;
  const [text, setText] = useState(words.example);
  const [sent, setSent] = useState<SentRequest>();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    setFault('');
    setSent(undefined);
    try {
      const given = text.trim();
      const body = given === '' ? {} : { [ofTasks ? 'script' : 'data']: given };
      setSent(await act<SentRequest>(`${workerPath(worker)}/send`, { ...body, timeoutSeconds: 30 }));
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void send();
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return (
    <div class='pair'>
      <Section title={`${words.title} to ${type}`}>
        <form onSubmit={submit}>
          <label for='data'>{words.field}</label>
          <textarea
            id='data'
            rows={10}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={keyed}
          />
          <p class='row'>
            <button type='submit' disabled={busy}>{busy ? words.busy : 'Send'}</button>
            <span class='quiet'>Ctrl+Enter</span>
          </p>
        </form>
      </Section>
      <Section title={words.answer} aside={sent === undefined ? '' : duration(sent.ms)}>
        <div aria-live='polite'>
          {fault !== '' && <p class='banner bad'>{fault}</p>}
          {sent?.silence !== undefined && <p class='banner bad'>{sent.silence}</p>}
          {sent?.reply !== undefined && (
            <>
              <p>
                <span
                  class={`badge ${sent.code !== undefined && sent.code >= 200 && sent.code < 300 ? 'good' : 'bad'}`}
                >
                  {sent.code ?? 'no code'}
                </span>{' '}
                <span class='quiet'>{sent.ref}</span>
              </p>
              <pre>{pretty(sent.reply)}</pre>
            </>
          )}
          {sent === undefined && fault === '' && <p class='quiet'>{busy ? 'On its way …' : 'It is shown here.'}</p>}
        </div>
      </Section>
    </div>
  );
}
