/** Where the page's data comes from: the operator of this process, and the Redis of its workers. */
import type { Clock } from '../clock.ts';
import { keyOf } from '../cluster/cluster.ts';
import type { Operator } from '../operator.ts';
import { version } from '../version.ts';
import { History } from './history.ts';
import type { LiveWorker } from './live-worker.ts';
import type {
  DeadLetters,
  Overview,
  PageMode,
  RequestToSend,
  RequestTrace,
  SentRequest,
  WorkerDepth,
} from './model.ts';
import { Refused } from './refused.ts';
import { deadLettersOf, replay, type RequestPlace, traceOf } from './requests.ts';
import { depthOf, inOrder, matches, maxRows, rowOf, totalsOf } from './view.ts';
import { streamsOf, workerType, workOf } from './worker-streams.ts';

/** What the page is told, and in local mode what it may have done. Every call may throw {@link Refused}. */
export interface PageSource {
  overview(words: string): Overview | Promise<Overview>;
  depth(worker: string): WorkerDepth | Promise<WorkerDepth>;
  trace(worker: string, ref: string): Promise<RequestTrace>;
  deadLetters(worker: string): Promise<DeadLetters>;
  /** Absent where the page only shows. */
  readonly acts?: {
    send(worker: string, request: RequestToSend): Promise<SentRequest>;
    replay(worker: string, letter: string): Promise<void>;
  };
  stop(): void;
}

/** What a source stands on. */
export interface SourceOptions {
  /** The operator; undefined while it knows nothing, as one that stands by. */
  readonly operator: () => Pick<Operator, 'workers' | 'redisOf'> | undefined;
  readonly clock: Clock;
  readonly mode: PageMode;
  /** Why that is so, in a sentence: what is not known is refused, and never shown as nothing. */
  readonly absence: () => string;
  readonly problems?: () => readonly string[];
  /** Sends a request and waits for its reply; nothing is ever sent or replayed without it. */
  readonly send?: (place: RequestPlace, request: RequestToSend) => Promise<SentRequest>;
}

/** Begins to keep the history; until it is stopped. */
export function pageSource(options: SourceOptions): PageSource {
  const { operator, clock, mode, absence, problems = () => [], send } = options;
  const history = new History(clock, () => operator()?.workers() ?? []);
  const known = () => {
    const one = operator();
    if (one === undefined) throw new Refused(503, absence());
    return one;
  };
  const find = (key: string): LiveWorker => {
    const found = known().workers().find(({ object }) => keyOf(object.metadata) === key);
    if (found === undefined) throw new Refused(404, `there is no worker ${key}`);
    return found;
  };
  const placeOf = (key: string): RequestPlace => {
    const { object } = find(key);
    const target = known().redisOf(key);
    if (target === undefined) {
      throw new Refused(503, `the Redis of ${key} is not read: see the conditions of the worker`);
    }
    return { type: workerType(object), target, ...streamsOf(object, target.topology) };
  };
  /** Where requests or tasks are sent, and dead ones are kept. @throws Refused for a worker that has no such place */
  const openPlaceOf = (key: string): RequestPlace => {
    if (workOf(find(key).object) !== 'Scripts') return placeOf(key);
    throw new Refused(409, `${key} runs scripts: nothing can be sent to it, and it has no dead letters`);
  };
  return {
    overview(words) {
      const all = known().workers().map((worker) => rowOf(worker, history.of(worker.uid)));
      const matching = inOrder(words === '' ? all : all.filter((row) => matches(row, words)));
      return {
        mode,
        version,
        now: new Date(clock.now()).toISOString(),
        totals: totalsOf(all),
        matching: matching.length,
        rows: matching.slice(0, maxRows),
        problems: problems(),
      };
    },
    depth(key) {
      const worker = find(key);
      return depthOf(worker, history.of(worker.uid), clock.now());
    },
    trace: async (key, ref) => await traceOf(placeOf(key), ref),
    deadLetters: async (key) => await deadLettersOf(openPlaceOf(key)),
    ...(send === undefined ? {} : {
      acts: {
        send: async (key, request) => await send(openPlaceOf(key), request),
        replay: async (key, letter) => await replay(openPlaceOf(key), letter),
      },
    }),
    stop: () => history.stop(),
  };
}
