/**
 * Follows a kind for ever: list, watch from there, and again after whatever happens. What cannot be
 * continued (an expired version, a line that is no event, a refusal) is listed anew; a stream that merely
 * broke goes on where it was. A full list every ten minutes repairs what nobody noticed missing.
 */
import type { BackOff } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import { pause } from '../../pause.ts';
import { ClusterError, type FollowOptions, type KubeObject, type Resource } from '../cluster.ts';
import { silenceError, watchEventError } from './faults.ts';
import type { Hooks, Log } from './hooks.ts';
import type { Http } from './http.ts';
import { listAll } from './objects.ts';
import { linesOf, StreamLife } from './stream.ts';
import { WatchHealth } from './watch-health.ts';
import { collectionPath, parseObject, parseWatchLine, selectorsOf, versionOf, withQuery } from './wire.ts';

/** Takes what is learned, in order. Must not throw. */
export interface WatchSink {
  /** Everything there is now, as of this version. */
  replace(objects: readonly KubeObject[], version: string): void;
  /** One change since then. */
  change(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void;
  /** Nothing else has changed up to this version. */
  passed(version: string): void;
}

/** Times of the loop, all in ms. */
export interface WatchTiming {
  /** A stream this long without a byte is taken for dead; the server sends a bookmark about once a minute. */
  readonly silenceMs: number;
  /** A full list is made this long after the last one, shortened by up to a fifth. */
  readonly relistMs: number;
  /** Wait after a clean end: from, to. */
  readonly reconnectMs: readonly [number, number];
  readonly backOff: BackOff;
  /** Between two questions for an object that is not watched: from the first to all later ones. */
  readonly asking: BackOff;
}

/** What suits a real API server. */
export const watchTiming: WatchTiming = {
  silenceMs: 90_000,
  relistMs: 600_000,
  reconnectMs: [50, 500],
  backOff: { initialMs: 500, maxMs: 30_000 },
  asking: { initialMs: 1000, maxMs: 30_000 },
};

/** What a watch is made with. `random` gives 0 to 1. */
export interface WatchContext {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly hooks: Hooks;
  readonly timing: WatchTiming;
}

/** Where the loop stands. */
interface Position {
  readonly path: string;
  version: string;
  readonly relistAt: number;
}

/** Runs until `signal` is aborted; never rejects. */
export async function watchForever(
  context: WatchContext,
  resource: Resource,
  options: FollowOptions,
  sink: WatchSink,
  signal: AbortSignal,
): Promise<void> {
  const health = new WatchHealth(context, context.timing.backOff, resource.kind);
  const stopped = (): boolean => signal.aborted;
  let position: Position | undefined;
  while (!stopped()) {
    try {
      position ??= await list(context, resource, options, sink, signal);
      const ended = await watch(context, position, sink, signal, () => health.good());
      if (ended === 'RelistDue') position = undefined;
      else await pause(between(context.timing.reconnectMs, context.random), context.clock, signal);
    } catch (error) {
      if (stopped()) return;
      const fault = asFault(error, resource, context);
      if (!canContinue(fault)) position = undefined;
      await pause(health.bad(fault), context.clock, signal);
    }
  }
}

async function list(
  context: WatchContext,
  resource: Resource,
  options: FollowOptions,
  sink: WatchSink,
  signal: AbortSignal,
): Promise<Position> {
  const { clock, random, timing } = context;
  const page = await listAll(context.http, resource, options);
  const query = { ...selectorsOf(options), watch: 'true', allowWatchBookmarks: 'true' };
  if (!signal.aborted) sink.replace(page.items, page.resourceVersion);
  return {
    path: withQuery(collectionPath(resource, options.namespace), query),
    version: page.resourceVersion,
    relistAt: clock.now() + timing.relistMs * (1 - random() / 5),
  };
}

/** One stream. @returns why it ended without a fault */
async function watch(
  context: WatchContext,
  position: Position,
  sink: WatchSink,
  signal: AbortSignal,
  onGood: () => void,
): Promise<'Ended' | 'RelistDue'> {
  const { clock, http, random, timing } = context;
  const path = `${position.path}&resourceVersion=${position.version}&timeoutSeconds=${
    Math.round(between([300, 600], random))
  }`;
  const life = new StreamLife({ clock, silenceMs: timing.silenceMs, endAt: position.relistAt, signal, onGood });
  try {
    for await (const line of linesOf(life.watchOver(await http.stream(path, life.signal)))) {
      take(line, path, position, sink);
      life.good();
    }
  } catch (error) {
    if (life.ended === 'RelistDue') return life.ended;
    throw life.ended === 'Silent'
      ? new ClusterError(0, 'Silent', `a watch brought nothing for ${timing.silenceMs} ms, not even a bookmark`)
      : error;
  } finally {
    life.end();
  }
  if (!life.wasGood) throw new ClusterError(0, 'ShortWatch', 'the API server ended a watch as soon as it had begun');
  return 'Ended';
}

function take(text: string, path: string, position: Position, sink: WatchSink): void {
  const { type, object } = parseWatchLine(text);
  if (type === 'ERROR') throw watchEventError({ method: 'GET', path }, object);
  position.version = versionOf(object);
  if (type === 'BOOKMARK') sink.passed(position.version);
  else sink.change(type, parseObject(object));
}

function asFault(error: unknown, resource: Resource, context: WatchContext): ClusterError {
  return silenceError({ method: 'GET', path: collectionPath(resource) }, context.http.server, error);
}

/** True when the stream's version is still good: nothing was refused and nothing was misread. */
function canContinue({ status, reason }: ClusterError): boolean {
  return ['Unreachable', 'Silent', 'Timeout', 'ShortWatch'].includes(reason) || status === 429 || status >= 500;
}

function between([from, to]: readonly [number, number], random: () => number): number {
  return from + (to - from) * random();
}
