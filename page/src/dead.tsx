/** Requests nobody could finish; on this machine they can be sent again. */
import { useState } from 'preact/hooks';
import type { DeadLetterRow, DeadLetters } from '../../operator/page/model.ts';
import { act, workerPath } from './ask.ts';
import { Empty, Section } from './parts.tsx';
import { usePolled } from './poll.ts';
import { ago, counted } from './words.ts';

interface DeadProps {
  readonly worker: { readonly namespace: string; readonly name: string };
  readonly local: boolean;
  readonly now: string;
}

export function DeadView({ worker, local, now }: DeadProps) {
  const [round, setRound] = useState(0);
  const [told, setTold] = useState('');
  const { data, fault } = usePolled<DeadLetters>(`${workerPath(worker)}/dead`, round);
  const replay = async (id: string): Promise<void> => {
    try {
      await act(`${workerPath(worker)}/dead/${id}/replay`, {});
      setTold(`${id} was sent again.`);
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    }
    setRound(round + 1);
  };
  return (
    <Section title='Dead letters' aside={data === undefined ? '' : aside(data)}>
      <p class='quiet' role='status'>{told}</p>
      {fault !== undefined && <p class='banner bad'>{fault}</p>}
      {data === undefined && fault === undefined && <Empty title='Looking …' />}
      {data?.letters.length === 0 && <Empty title='No dead letter'>Every request could be finished.</Empty>}
      {data?.letters.map((letter) => (
        <Letter
          key={letter.id}
          letter={letter}
          now={now}
          {...(local ? { onReplay: () => void replay(letter.id) } : {})}
        />
      ))}
    </Section>
  );
}

function aside({ count, letters }: DeadLetters): string {
  return count > letters.length
    ? `the newest ${letters.length} of ${counted(count, 'letter')}`
    : counted(count, 'letter');
}

function Letter({ letter, now, onReplay }: {
  readonly letter: DeadLetterRow;
  readonly now: string;
  readonly onReplay?: () => void;
}) {
  const [asked, setAsked] = useState(false);
  return (
    <details class='letter'>
      <summary>
        <span class='bad'>{letter.reason === '' ? 'no reason is told' : letter.reason}</span>
        <span class='quiet'>
          {letter.ref === '' ? letter.id : letter.ref}, {ago(letter.time, now)}
          {letter.attempts !== '' && `, attempt ${letter.attempts}`}
        </span>
      </summary>
      <dl class='places'>
        <div>
          <dt>id</dt>
          <dd>{letter.id}</dd>
        </div>
        {letter.fields.map(([name, value], at) => (
          <div key={at}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {onReplay !== undefined && (asked
        ? (
          <p class='row ask'>
            <span>Send this request again? It runs as a new one.</span>
            <button type='button' class='danger' onClick={onReplay}>Send it again</button>
            <button type='button' class='plain' onClick={() => setAsked(false)}>Leave it</button>
          </p>
        )
        : <button type='button' class='plain' onClick={() => setAsked(true)}>Replay …</button>)}
    </details>
  );
}
