/** Turns a failed write into the reason and message of a condition. */
import { inspect } from 'node:util';
import { ClusterError } from '../../cluster/cluster.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import type { Problem } from '../model/problem.ts';
import { clusterReasons, isReason, type Reason } from '../model/reasons.ts';

/** Any error as a reason and a sentence; a bug is told as such, without its stack. */
export function failureOf(error: unknown): Problem {
  if (error instanceof TerminalError || error instanceof TransientError) {
    return {
      reason: isReason(error.code) ? error.code : 'InternalError',
      message: error.message,
      terminal: error instanceof TerminalError,
    };
  }
  if (error instanceof ClusterError) {
    return { reason: clusterReasonOf(error.reason), message: error.message, terminal: false };
  }
  return {
    reason: 'InternalError',
    message: `internal error: ${wordsOf(error)}`,
    terminal: false,
  };
}

/** Webhooks and proxies answer with words of their own, which are no reasons: their message tells them. */
function clusterReasonOf(word: string): Reason {
  return clusterReasons.find((reason) => reason === word) ?? 'ClusterError';
}

/** Whatever was thrown: it need not be an Error, nor anything that becomes text. */
function wordsOf(error: unknown): string {
  return error instanceof Error && typeof error.message === 'string' ? error.message : inspect(error, { depth: 1 });
}
