/** The port by which code comes from elsewhere. In a cluster a Job resolves it, on a laptop a child process. */
import type { FailedCode, RefusedCode, ResolvedCode } from './outcome.ts';
import type { CodeCredentials, CodeRequest } from './request.ts';

/** One worker's question for code. */
export interface CodeQuestion {
  /** `namespace/name` of the worker that asks. */
  readonly asker: string;
  /**
   * What is one piece of work, in hex: of the digest of the request and of the wish to have it resolved anew. All that
   * ask the same share one resolve; an id that was answered is not resolved again while anybody keeps it.
   */
  readonly id: string;
  readonly request: CodeRequest;
  /** What the entry's host is shown. Not a part of the id: another token for the same Secret is no other question. */
  readonly credentials?: CodeCredentials | undefined;
  /** Kind of policy the worker's pods have, which whatever resolves in a cluster has too; no part of the id either. */
  readonly flavor?: 'Kubernetes' | 'Cilium';
}

/** Code, and the image it is to pods where a registry keeps it. */
export type KeptCode = ResolvedCode & { readonly image?: string };

/** What there is to say about a question now. */
export type CodeAnswer =
  /** Work is under way: whoever asked is told when it ends. */
  | { readonly kind: 'pending' }
  | KeptCode
  | RefusedCode
  /** It is tried again by whoever asks after `retryAt`, in milliseconds since 1970. */
  | (FailedCode & { readonly retryAt: number });

/** Resolves code. Level-triggered: everything may be said again at any time, also by another process after this one. */
export interface CodeResolver {
  /**
   * Answers at once. Starts work when none is under way and none has ended, or when the last has failed and its time is up.
   * Nobody asks for what is at hand: whoever has got the code keeps it.
   */
  ask(question: CodeQuestion): Promise<CodeAnswer>;
  /** Tells which question a worker still wants to have answered; undefined: none. What nobody wants is ended and removed. */
  keep(asker: string, id: string | undefined): void;
  /** Calls with every asker whose answer may have changed. */
  onAnswer(listener: (asker: string) => void): void;
  /** Ends what this process itself runs; what runs elsewhere goes on. */
  close(): Promise<void>;
}

/** Milliseconds until what has failed so often, one time after the other, is tried again: 5 s, doubled up to five minutes. */
export function retryAfterMs(failures: number): number {
  return Math.min(5_000 * 2 ** Math.max(failures - 1, 0), 300_000);
}
