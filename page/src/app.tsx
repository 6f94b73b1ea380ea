/** The frame: what is served where, whether it still is, and the view the address names. */
import { useState } from 'preact/hooks';
import type { Overview } from '../../operator/page/model.ts';
import { Entry } from './entry.tsx';
import { type Polled, usePolled } from './poll.ts';
import { useRoute } from './route.ts';
import { WorkersView } from './workers.tsx';
import { WorkerView } from './worker.tsx';

export function App() {
  const [words, setWords] = useState('');
  const [entered, setEntered] = useState(0);
  const route = useRoute();
  const overview = usePolled<Overview>(`overview?q=${encodeURIComponent(words)}`, entered);
  const { data, gone, fault, noEntry } = overview;
  if (noEntry !== undefined) return <Entry why={noEntry} onEnter={() => setEntered(entered + 1)} />;
  return (
    <>
      <header class='top'>
        <a class='brand' href='#/' aria-label='All workers'>
          <Mark />
          <span>redisworker</span>
        </a>
        {data && <span class='quiet'>{data.mode === 'Local' ? 'on this machine' : 'read-only'}</span>}
        <span class='spring' />
        <Liveness overview={overview} />
      </header>
      {gone && (
        <p class='banner bad' role='alert'>
          Nobody answers at this address: what serves this page was stopped, or the connection to it is lost. The page
          goes on by itself when it is back.
        </p>
      )}
      {!gone && fault !== undefined && <p class='banner bad' role='alert'>{fault}</p>}
      {data?.problems.map((problem) => <p class='banner bad' key={problem}>{problem}</p>)}
      <main>
        {route.worker === undefined ? <WorkersView overview={data} words={words} onWords={setWords} /> : (
          <WorkerView
            key={`${route.worker.namespace}/${route.worker.name}`}
            worker={route.worker}
            tab={route.tab}
            local={data?.mode === 'Local'}
          />
        )}
      </main>
      <footer class='quiet'>{data && `redisworker ${data.version}`}</footer>
    </>
  );
}

/** Whether what is seen is what is. */
function Liveness({ overview: { data, gone, fault } }: { readonly overview: Polled<Overview> }) {
  const [tone, word] = gone
    ? ['off', 'reconnecting']
    : fault !== undefined
    ? ['off', data === undefined ? 'nothing is told' : 'out of date']
    : data === undefined
    ? ['wait', 'connecting']
    : ['on', 'live'];
  return <span class={`live ${tone}`} role='status'>{word}</span>;
}

function Mark() {
  return (
    <svg viewBox='0 0 24 24' width='22' height='22' aria-hidden='true'>
      <rect x='2' y='4' width='20' height='4.5' rx='1.5' fill='currentColor' opacity='.35' />
      <rect x='2' y='10' width='14' height='4.5' rx='1.5' fill='currentColor' opacity='.65' />
      <rect x='2' y='16' width='8' height='4.5' rx='1.5' fill='currentColor' />
      <circle cx='19' cy='18.2' r='2.6' fill='currentColor' />
    </svg>
  );
}
