/** Errors that end the process, and the words for errors of any kind. */
import { exitCodes } from '../../contract/pod.ts';

/** Ends the process with an exit code of the contract; the message is one sentence for whoever reads the pod's log. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
  readonly exitCode: number;
  constructor(reason: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCodes[reason];
  }
}

/** The message of whatever was thrown, in one line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.split('\n', 1)[0] ?? '';
}
