/** What the threads that run scripts and the loop that has them say to each other. */
import type { EngineOptions, ScriptResult } from './engine.ts';

/** What a thread begins with. */
export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly options: EngineOptions;
  /** Two words, the bytes of an answer behind them, see {@link word}. */
  readonly shared: SharedArrayBuffer;
}

/** A script to run. */
export interface ThreadTask {
  readonly script: string;
  readonly callerId: string;
}

/** What a thread says. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'badPrelude'; readonly text: string }
  | { readonly kind: 'broken'; readonly text: string }
  | { readonly kind: 'done'; readonly result: ScriptResult }
  | { readonly kind: 'print'; readonly level: 'print' | 'debug'; readonly text: string; readonly line: number }
  | { readonly kind: 'ask'; readonly request: readonly string[] };

/** Words of the shared memory. */
export const word = {
  /** 1 once the script that runs is to end. */
  stop: 0,
  /** 0 while an answer is waited for; then its length in bytes, and one. */
  answer: 1,
} as const;

/** Bytes ahead of the answer. */
export const answerAt = 8;

/** Bytes an answer may have. */
export const maxAnswerBytes = 1 << 20;
