/** Errors that end the process. */
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
