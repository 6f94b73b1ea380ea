/** What a host and the process of a script tell each other. */
import type { ScriptFailure } from '../../../contract/hats.ts';

/** What a script may ask its host for, beside what is a command for Redis. */
export const operations = [
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
  /** Name of the global that stands for the script itself, where there is one. */
  readonly self?: 'thread' | 'job';
  readonly key?: string;
  readonly worker: { readonly Name: string; readonly Cluster: string };
  /** What it is to answer, and how many characters the answer may have. */
  readonly request?: RequestSeen;
  readonly mostWritten?: number;
}

/** A request as a script sees it. Names of headers are in lower case. */
export interface RequestSeen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, readonly string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a script has made of it. Names of headers are in lower case. */
export interface ResponseMade {
  /** Set once response.Error was called: then nothing else counts. */
  readonly error?: { readonly status: number; readonly text: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A piece of an endpoint: what is written as it is, or run; with the lines before it, and the columns before it in its line. */
export type Part =
  | { readonly text: string }
  | { readonly script: string; readonly line: number; readonly column: number };

/** To the process: runs a script in a fresh context, or the parts of an endpoint, or calls a function of what there is. */
export type Order =
  | { readonly do: 'load'; readonly source: string; readonly around: Surroundings }
  | { readonly do: 'answer'; readonly parts: readonly Part[]; readonly around: Surroundings }
  | { readonly do: 'call'; readonly name: 'init' | 'main' | 'cleanup' };

/** What an asked operation, or a command, gave. `end` has the script end instead. */
export type Answer = { readonly value?: unknown } | { readonly end: true };

/** From the process. */
export type Report =
  | { readonly say: 'ready' }
  /** `result` of an answer is the JSON of {@link ResponseMade}. */
  | { readonly say: 'done'; readonly result?: string }
  | ({ readonly say: 'failed' } & ScriptFailure)
  | { readonly say: 'ask'; readonly operation: Operation; readonly args: readonly unknown[] }
  | { readonly say: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string };
