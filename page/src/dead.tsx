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

/** A question that stands: whether a letter is to be sent again. */
interface Question {
  readonly id: string;
  /** The list rests as it was asked on: what moves under a hand is clicked by mistake. */
  readonly list: DeadLetters;
}

export function DeadView({ worker, local, now }: DeadProps) {
  const [round, setRound] = useState(0);
  const [told, setTold] = useState('');
  const [question, setQuestion] = useState<Question>();
  const { data: newest, fault } = usePolled<DeadLetters>(`${workerPath(worker)}/dead`, round);
  const data = question?.list ?? newest;
  const replay = async (id: string): Promise<void> => {
    setQuestion(undefined);
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
          {...(local
            ? {
              replay: {
                asked: question?.id === letter.id,
                ask: () => setQuestion({ id: letter.id, list: data }),
                leave: () => setQuestion(undefined),
                send: () => void replay(letter.id),
              },
            }
            : {})}
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

/** What can be done with a letter: it is sent again once that was asked and said. */
interface Replay {
  readonly asked: boolean;
  readonly ask: () => void;
  readonly leave: () => void;
  readonly send: () => void;
}

function Letter({ letter, now, replay }: {
  readonly letter: DeadLetterRow;
  readonly now: string;
  readonly replay?: Replay;
}) {
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
      {replay !== undefined && (replay.asked
        ? (
          <p class='row ask'>
            <span>Send this request again? It runs as a new one.</span>
            <button type='button' class='danger' onClick={replay.send}>Send it again</button>
            <button type='button' class='plain' onClick={replay.leave}>Leave it</button>
          </p>
        )
        : <button type='button' class='plain' onClick={replay.ask}>Replay …</button>)}
    </details>
  );
}
