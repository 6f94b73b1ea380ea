/**
 * A thread that runs scripts, which the loop starts as a Worker. It waits where a script waits: nothing else runs in it.
 */
import { Engine, type Host } from './engine.ts';
import { answerAt, type ThreadMessage, type ThreadSetup, type ThreadTask, word } from './thread-messages.ts';

/** What a Worker has in place of a window. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: ThreadMessage): void;
}

const scope = self as unknown as WorkerScope;
const say = (message: ThreadMessage): void => scope.postMessage(message);

function hostOver(shared: SharedArrayBuffer): Host {
  const words = new Int32Array(shared, 0, answerAt / Int32Array.BYTES_PER_ELEMENT);
  return {
    stopped: () => Atomics.load(words, word.stop) === 1,
    print: (level, text, line) => say({ kind: 'print', level, text, line }),
    ask: (request) => {
      Atomics.store(words, word.answer, 0);
      say({ kind: 'ask', request });
      Atomics.wait(words, word.answer, 0);
      return new Uint8Array(shared, answerAt, Atomics.load(words, word.answer) - 1);
    },
  };
}

function begin({ module, options, shared }: ThreadSetup): void {
  let engine: Engine;
  try {
    engine = new Engine(module, options, hostOver(shared));
  } catch (error) {
    return say({ kind: 'badPrelude', text: error instanceof Error ? error.message : String(error) });
  }
  scope.onmessage = ({ data: { script, callerId } }: MessageEvent<ThreadTask>) => {
    try {
      say({ kind: 'done', result: engine.run(script, callerId) });
    } catch (error) {
      say({ kind: 'broken', text: error instanceof Error ? error.message : String(error) });
    }
  };
  say({ kind: 'ready' });
}

scope.onmessage = ({ data }: MessageEvent<ThreadSetup>) => begin(data);
