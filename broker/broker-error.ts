/** Why a broker has not got a call done. */
export type BrokerErrorCode =
  /** The call took longer than it may. */
  | 'Timeout'
  /** The worker was removed, or the broker terminated, while the call was under way. */
  | 'Removed'
  /** The module ended: an uncaught error, no memory, or its own doing. */
  | 'Crashed'
  /** Too many calls wait already. */
  | 'Overloaded'
  /** The module has no function of that name. */
  | 'FunctionNotFound'
  /** The module may not call the other one. */
  | 'NotAllowed';

/** What a call rejects with when it is not the function that failed. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
