/** Turns a failed write into the reason and message of a condition. */
import { ClusterError } from '../../cluster/cluster.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import type { Problem, ProblemReason } from '../model/problem.ts';

/** Any error as a reason and a sentence; a bug is told as such, without its stack. */
export function failureOf(error: unknown): Problem {
  if (error instanceof TerminalError || error instanceof TransientError) {
    return { reason: error.code as ProblemReason, message: error.message, terminal: error instanceof TerminalError };
  }
  if (error instanceof ClusterError) {
    return { reason: error.reason as ProblemReason, message: error.message, terminal: false };
  }
  return {
    reason: 'InternalError' as ProblemReason,
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    terminal: false,
  };
}
