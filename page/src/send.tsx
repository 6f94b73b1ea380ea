/** Sends a request and shows the reply; on this machine alone. */
import { useState } from 'preact/hooks';
import type { SentRequest } from '../../operator/page/model.ts';
import { act, workerPath } from './ask.ts';
import { Section } from './parts.tsx';
import { duration, pretty } from './words.ts';

interface SendProps {
  readonly worker: { readonly namespace: string; readonly name: string };
  readonly type: string;
}

export function SendView({ worker, type }: SendProps) {
  const [text, setText] = useState('{\n  "name": "Ada"\n}');
  const [sent, setSent] = useState<SentRequest>();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    setFault('');
    setSent(undefined);
    try {
      const data = text.trim();
      setSent(
        await act<SentRequest>(`${workerPath(worker)}/send`, { ...(data === '' ? {} : { data }), timeoutSeconds: 30 }),
      );
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
      <Section title={`Request to ${type}`}>
        <form onSubmit={submit}>
          <label for='data'>The field “data”, as JSON</label>
          <textarea
            id='data'
            rows={10}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={keyed}
          />
          <p class='row'>
            <button type='submit' disabled={busy}>{busy ? 'Waiting for the reply …' : 'Send'}</button>
            <span class='quiet'>Ctrl+Enter</span>
          </p>
        </form>
      </Section>
      <Section title='Reply' aside={sent === undefined ? '' : duration(sent.ms)}>
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
