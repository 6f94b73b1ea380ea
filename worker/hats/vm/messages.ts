/** What a host and the process of a script tell each other. */
import type { ScriptFailure } from '../../../contract/hats.ts';

/** What a script may ask its host for. */
export const operations = [
  'redis.Do',
  'redis.Blpop',
  'http',
  'sql',
  'env.Get',
  'env.Set',
  'env.Unset',
  'state',
  'status',
  'disable',
  'stop',
  'shutdown',
  'stopping',
] as const;

/** One of {@link operations}. */
export type Operation = (typeof operations)[number];

/** What a script is told of its surroundings once. */
export interface Surroundings {
  /** Name of the global that stands for the script itself. */
  readonly self: 'thread' | 'job';
  readonly key: string;
  readonly worker: { readonly Name: string; readonly Cluster: string };
}

/** To the process: runs a whole script in a fresh context, or calls a function of the one there is. */
export type Order =
  | { readonly do: 'load'; readonly source: string; readonly around: Surroundings }
  | { readonly do: 'call'; readonly name: 'init' | 'main' | 'cleanup' };

/** What an asked operation gave. `end` has the script end instead. */
export type Answer = { readonly value?: unknown } | { readonly end: true };

/** From the process. */
export type Report =
  | { readonly say: 'ready' }
  | { readonly say: 'done' }
  | ({ readonly say: 'failed' } & ScriptFailure)
  | { readonly say: 'ask'; readonly operation: Operation; readonly args: readonly unknown[] }
  | { readonly say: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string };
